//! Replies that were made before: the same query, but for its id, has the same reply, for zones do not change.

use std::hash::{BuildHasher, RandomState};

/// A table of fixed size; two queries that fall on one place push each other out.
#[derive(Debug)]
pub(crate) struct Cache {
    state: RandomState,
    places: Vec<Place>,
}

#[derive(Clone, Debug, Default)]
struct Place {
    query: Vec<u8>,
    reply: Vec<u8>,
}

impl Cache {
    pub(crate) fn new() -> Self {
        Self {
            state: RandomState::new(),
            // Made when the first reply is kept: a server that is only started costs nothing.
            places: Vec::new(),
        }
    }

    fn place(&self, query: &[u8]) -> usize {
        self.state.hash_one(query) as usize % PLACES
    }

    /// Copies the reply to this query into `out`; whether there was one.
    pub(crate) fn copy(&self, query: &[u8], out: &mut Vec<u8>) -> bool {
        let Some((id, query)) = query.split_at_checked(2) else {
            return false;
        };
        if self.places.is_empty() || query.len() > QUERY {
            return false;
        }
        let place = &self.places[self.place(query)];
        if place.query != query {
            return false;
        }
        out.clear();
        out.extend_from_slice(&place.reply);
        out[..2].copy_from_slice(id);
        true
    }

    /// Keeps a reply for the next time; long queries, of which there can be any number, are not.
    pub(crate) fn keep(&mut self, query: &[u8], reply: &[u8]) {
        let Some((_, query)) = query
            .split_at_checked(2)
            .filter(|(_, query)| query.len() <= QUERY)
        else {
            return;
        };
        if reply.len() < 2 {
            return;
        }
        if self.places.is_empty() {
            self.places.resize(PLACES, Place::default());
        }
        let place = self.place(query);
        let place = &mut self.places[place];
        place.query.clear();
        place.query.extend_from_slice(query);
        place.reply.clear();
        place.reply.extend_from_slice(reply);
    }
}

/// Replies that are kept; with each at most [`QUERY`] and 1232 octets long, 6 MiB.
pub(crate) const PLACES: usize = 4096;
/// The longest query whose reply is kept: any name, and EDNS without options.
pub(crate) const QUERY: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_for_its_own_query_under_any_id() {
        let mut cache = Cache::new();
        let mut out = Vec::new();
        assert!(!cache.copy(b"\0\x01question", &mut out));
        cache.keep(b"\0\x01question", b"\0\x01reply");
        assert!(cache.copy(b"\xab\xcdquestion", &mut out));
        assert_eq!(out, b"\xab\xcdreply");
        assert!(!cache.copy(b"\0\x01Question", &mut out));
    }

    #[test]
    fn more_queries_than_places_keep_their_own_replies() {
        let mut cache = Cache::new();
        let mut out = Vec::new();
        for number in 0..20_000_u32 {
            let query = [&[0, 0][..], &number.to_be_bytes()].concat();
            assert!(!cache.copy(&query, &mut out), "{number}");
            cache.keep(&query, &query);
            assert!(cache.copy(&query, &mut out));
            assert_eq!(out, query);
        }
        assert!(cache.places.len() == PLACES);
    }
}
