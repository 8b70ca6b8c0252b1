//! An Internet to learn on, in one process: a root, a top-level domain and zones below it, each server on a loopback
//! address of its own. Its zone files are written to be read.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::error::ZoneError;
use super::zone::{Zone, Zones};

/// A server of the offline Internet.
#[derive(Clone, Copy, Debug)]
pub struct PracticeServer {
    /// Its address, 127.0.0.2 and on; all have the same port, for glue carries none.
    pub address: IpAddr,
    files: &'static [(&'static str, &'static str)],
}

/// All of them, the root first. The last one is lame: others say that it knows a zone, and it knows none.
pub const PRACTICE_INTERNET: &[PracticeServer] = &[
    PracticeServer {
        address: at(2),
        files: &[("root.zone", include_str!("../../zones/root.zone"))],
    },
    PracticeServer {
        address: at(3),
        files: &[("example.zone", include_str!("../../zones/example.zone"))],
    },
    PracticeServer {
        address: at(4),
        files: &[("river.zone", include_str!("../../zones/river.zone"))],
    },
    PracticeServer {
        address: at(5),
        files: &[
            ("sea.zone", include_str!("../../zones/sea.zone")),
            ("lake.zone", include_str!("../../zones/lake.zone")),
            ("delta.zone", include_str!("../../zones/delta.zone")),
        ],
    },
    PracticeServer {
        address: at(6),
        files: &[],
    },
];

const fn at(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
}

impl PracticeServer {
    /// What it knows: only this, so that each zone is answered by its own server and by no other.
    ///
    /// # Errors
    /// None that a test has not met: the zone files are part of the program.
    pub fn zones(&self) -> Result<Zones, ZoneError> {
        let zones = self
            .files
            .iter()
            .map(|(name, text)| Zone::parse(text.as_bytes(), Path::new(name), None))
            .collect::<Result<Vec<_>, _>>()?;
        Zones::new(zones).map_err(|reason| ZoneError {
            file: self.files.first().map_or("", |(name, _)| name).into(),
            line: None,
            reason,
        })
    }

    /// Its zone files, by name.
    pub fn files(&self) -> &'static [(&'static str, &'static str)] {
        self.files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_zone_is_on_one_server_and_the_last_server_is_lame() {
        let names: Vec<Vec<String>> = PRACTICE_INTERNET
            .iter()
            .map(|server| {
                server
                    .zones()
                    .unwrap()
                    .all()
                    .iter()
                    .map(|zone| zone.name())
                    .collect()
            })
            .collect();
        let expected: [&[&str]; 5] = [
            &["."],
            &["example."],
            &["river.example."],
            &["lake.example.", "delta.river.example.", "sea.example."],
            &[],
        ];
        assert_eq!(names, expected);
    }
}
