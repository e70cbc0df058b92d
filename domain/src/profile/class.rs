use serde::{Deserialize, Serialize};

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $label:literal),+ $(,)?) => {
        /// What sort of device it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum DeviceClass {
            $($(#[$doc])* #[serde(rename = $word)] $name,)+
        }

        impl DeviceClass {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As people write it, in an asset's `type`.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)+
                }
            }
        }
    };
}

classes! {
    /// Shows what it sees.
    Camera = "CAMERA", "camera",
    /// Records what cameras see.
    Dvr = "DVR", "DVR",
    /// Joins networks.
    Router = "ROUTER", "router",
    /// Joins devices of one network.
    Switch = "SWITCH", "switch",
    /// Gives wireless access, or bridges by radio.
    AccessPoint = "ACCESS_POINT", "access point",
    /// Joins devices to a network: cellular modems, brokers.
    Gateway = "GATEWAY", "gateway",
    /// Keeps others out.
    Firewall = "FIREWALL", "firewall",
    /// Lets people in from afar.
    Vpn = "VPN", "VPN",
    /// Prints.
    Printer = "PRINTER", "printer",
    /// Stores files.
    Nas = "NAS", "NAS",
    /// Controls machines.
    Plc = "PLC", "PLC",
    /// Controls what is far away: substations, pumps.
    Rtu = "RTU", "RTU",
    /// Shows machines to their operators.
    Hmi = "HMI", "HMI",
    /// Controls heating, air, light.
    BuildingController = "BUILDING_CONTROLLER", "building controller",
    /// Opens doors.
    DoorController = "DOOR_CONTROLLER", "door controller",
    /// Measures tanks.
    TankGauge = "TANK_GAUGE", "tank gauge",
    /// Joins serial ports to a network.
    SerialServer = "SERIAL_SERVER", "serial server",
    /// Bridges a power cut.
    Ups = "UPS", "UPS",
    /// Treats or images people.
    Medical = "MEDICAL", "medical device",
    /// Connects calls.
    Pbx = "PBX", "PBX",
    /// Makes calls.
    Phone = "PHONE", "phone",
    /// Controls a server below its operating system.
    ServerManagement = "SERVER_MANAGEMENT", "server management",
    /// Controls a home.
    HomeAutomation = "HOME_AUTOMATION", "home automation",
    /// Plays.
    MediaDevice = "MEDIA_DEVICE", "media device",
}

impl DeviceClass {
    /// The class that somebody wrote, in either case, with blanks, hyphens or underscores.
    pub fn named(text: &str) -> Option<Self> {
        let plain = |text: &str| -> String { text.chars().filter(char::is_ascii_alphanumeric).collect() };
        let text = plain(text);
        Self::ALL.iter().copied().find(|class| plain(class.label()).eq_ignore_ascii_case(&text))
    }

    /// Does it move machines, doors, power or people's treatment?
    pub const fn moves_things(self) -> bool {
        matches!(
            self,
            Self::Plc
                | Self::Rtu
                | Self::Hmi
                | Self::BuildingController
                | Self::DoorController
                | Self::TankGauge
                | Self::SerialServer
                | Self::Ups
                | Self::Medical
        )
    }
}

#[cfg(test)]
mod tests {
    use super::DeviceClass;

    #[test]
    fn people_may_write_a_class_as_they_like() {
        for (text, class) in [
            ("PLC", DeviceClass::Plc),
            ("building_controller", DeviceClass::BuildingController),
            ("Access-Point", DeviceClass::AccessPoint),
            ("camera", DeviceClass::Camera),
        ] {
            assert_eq!(DeviceClass::named(text), Some(class));
        }
        assert_eq!(DeviceClass::named("toaster"), None);
        assert!(DeviceClass::ALL.iter().all(|c| DeviceClass::named(c.label()) == Some(*c)));
    }
}
