use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Places for streams: so many for all, and so many for each organization, so that none can take the others' away.
#[derive(Debug)]
pub struct Places {
    all: usize,
    each: usize,
    taken: Mutex<HashMap<String, usize>>,
}

impl Places {
    /// None is taken yet.
    pub fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { all, each, taken: Mutex::default() })
    }

    /// How many are free, over all organizations.
    pub fn free(&self) -> usize {
        self.all - self.taken.lock().unwrap_or_else(PoisonError::into_inner).values().sum::<usize>()
    }

    /// A place until it is dropped; `None`: there is no more for them.
    pub(super) fn take(self: &Arc<Self>, whose: &str) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.all {
            return None;
        }
        let own = taken.entry(whose.to_owned()).or_default();
        if *own >= self.each {
            return None;
        }
        *own += 1;
        Some(Place { places: Arc::clone(self), whose: whose.to_owned() })
    }
}

/// One stream's place.
pub(super) struct Place {
    places: Arc<Places>,
    whose: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.whose) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_than_their_share_and_what_is_left_is_free_again() {
        let places = Places::new(5, 3);
        let mut greedy: Vec<Place> = (0..3).map(|_| places.take("one").unwrap()).collect();
        assert!(places.take("one").is_none());
        let _others = [places.take("two").unwrap(), places.take("three").unwrap()];
        assert!(places.take("four").is_none(), "there are five in all");
        greedy.pop();
        assert!(places.take("four").is_some());
        drop(greedy);
        assert_eq!(places.taken.lock().unwrap().len(), 2, "who has none is not remembered");
    }
}
