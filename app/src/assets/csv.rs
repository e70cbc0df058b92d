use domain::asset::Criticality;

use super::draft::{AssetDraft, DeviceDraft};
use crate::{UserError, UserErrorCode};

/// Reads CSV with a header line: `externalId,name,target,query,type,vendor,model,firmware,site,serialNumber,macAddress,tags(;),
/// criticality,owner,ownerEmail,notes,pollInterval,enabled`. Every row answers for itself; a bad header is the fault of all.
pub fn read_csv(text: &str) -> Vec<Result<AssetDraft, Vec<UserError>>> {
    let mut records = records(text).into_iter();
    let header: Vec<String> = records
        .next()
        .unwrap_or_default()
        .iter()
        .map(|h| h.trim().trim_start_matches('\u{feff}').to_lowercase())
        .collect();
    if let Some(unknown) = header.iter().find(|h| !COLUMNS.contains(&h.as_str())) {
        let message = format!("there is no column {unknown:?}; the columns are {}", COLUMNS.join(","));
        return vec![Err(vec![UserError::of(UserErrorCode::Invalid, "csv", message)])];
    }
    records.map(|record| row(&header, &record)).collect()
}

const COLUMNS: [&str; 18] = [
    "externalid",
    "name",
    "target",
    "query",
    "type",
    "vendor",
    "model",
    "firmware",
    "site",
    "serialnumber",
    "macaddress",
    "tags",
    "criticality",
    "owner",
    "owneremail",
    "notes",
    "pollinterval",
    "enabled",
];

fn row(header: &[String], record: &[String]) -> Result<AssetDraft, Vec<UserError>> {
    let fault = |message: String| vec![UserError::of(UserErrorCode::Invalid, "csv", message)];
    if record.len() > header.len() {
        return Err(fault(format!("the row has {} cells, the header {}", record.len(), header.len())));
    }
    let cell = |name: &str| {
        let place = header.iter().position(|h| h == name)?;
        record.get(place).map(|c| c.trim().to_owned()).filter(|c| !c.is_empty())
    };
    let criticality = match cell("criticality").map(|c| c.to_uppercase()).as_deref() {
        None | Some("MEDIUM") => Criticality::Medium,
        Some("LOW") => Criticality::Low,
        Some("HIGH") => Criticality::High,
        Some("CRITICAL") => Criticality::Critical,
        Some(other) => return Err(fault(format!("{other:?} is not LOW, MEDIUM, HIGH or CRITICAL"))),
    };
    let enabled = match cell("enabled").map(|c| c.to_lowercase()).as_deref() {
        None | Some("true" | "1" | "yes") => true,
        Some("false" | "0" | "no") => false,
        Some(other) => return Err(fault(format!("{other:?} is not true or false"))),
    };
    let interval = cell("pollinterval")
        .map(|c| c.parse().map_err(|_| fault(format!("{c:?} is not a number of seconds"))))
        .transpose()?;
    Ok(AssetDraft {
        name: cell("name"),
        target: cell("target"),
        query: cell("query"),
        device: DeviceDraft {
            vendor: cell("vendor"),
            model: cell("model"),
            firmware: cell("firmware"),
            site: cell("site"),
            serial_number: cell("serialnumber"),
            mac_address: cell("macaddress"),
            device_type: cell("type"),
        },
        tags: cell("tags").map(|t| t.split(';').map(str::to_owned).collect()).unwrap_or_default(),
        criticality,
        owner: cell("owner"),
        owner_email: cell("owneremail"),
        external_id: cell("externalid"),
        notes: cell("notes"),
        allowed_services: Vec::new(),
        poll_interval: interval,
        enabled,
    })
}

/// Records of RFC 4180: quoted cells may hold commas, quotes (doubled) and line ends. Empty lines are left out.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut record = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(cell) = record.last_mut() else { break };
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted || cell.is_empty() => quoted = !quoted,
            ',' if !quoted => record.push(String::new()),
            '\r' if !quoted => {}
            '\n' if !quoted => all.push(std::mem::replace(&mut record, vec![String::new()])),
            other => cell.push(other),
        }
    }
    all.push(record);
    all.retain(|r| r.iter().any(|c| !c.trim().is_empty()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_cells_hold_anything() {
        let rows =
            read_csv("name,target,tags\r\n\"Pump, \"\"3\"\"\",203.0.113.7,a;b\r\n\r\n\"two\nlines\",203.0.113.8,\n");
        let names: Vec<_> = rows.iter().map(|r| r.as_ref().unwrap().name.clone().unwrap()).collect();
        assert_eq!(names, ["Pump, \"3\"", "two\nlines"]);
        assert_eq!(rows[0].as_ref().unwrap().tags, ["a", "b"]);
    }

    #[test]
    fn a_wrong_cell_is_the_fault_of_its_row_alone() {
        let rows = read_csv("target,criticality\n203.0.113.7,URGENT\n203.0.113.8,high\n203.0.113.9,low,more\n");
        assert!(rows[0].is_err() && rows[2].is_err());
        assert_eq!(rows[1].as_ref().unwrap().criticality, Criticality::High);
    }

    #[test]
    fn an_unknown_column_is_named() {
        let rows = read_csv("target,color\n203.0.113.7,red\n");
        assert!(rows[0].as_ref().unwrap_err()[0].message.contains("color"));
    }
}
