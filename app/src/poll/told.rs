use std::collections::BTreeMap;

use domain::asset::{Asset, DeviceProfile};
use domain::decide::Decisions;
use domain::profile;
use domain::target::Target;

use crate::findings::StoredAsset;

/// What the services of a device tell of it, as they are after the decision. Only where an asset is one device: the
/// addresses of a network are many.
pub(super) fn told(asset: &Asset, stored: &StoredAsset, decided: &Decisions) -> Option<DeviceProfile> {
    let Target::Address(_) = asset.target else { return None };
    let known = stored.stored.known.services.values().map(|service| (&service.id, service));
    let mut services: BTreeMap<_, _> = known.collect();
    services.extend(decided.services.iter().map(|change| (&change.after.id, &change.after)));
    let told = profile::read(services.into_values()).told();
    (told != DeviceProfile::default()).then_some(told)
}
