//! The types of records by name and by number, more of them than the message library knows by name.

use std::borrow::Cow;

use hickory_proto::rr::RecordType;

/// The types that have a name here, by their number
/// (<https://www.iana.org/assignments/dns-parameters>, "Resource Record (RR) TYPEs").
#[rustfmt::skip]
pub const TYPES: &[(u16, &str)] = &[
    (1, "A"), (2, "NS"), (3, "MD"), (4, "MF"), (5, "CNAME"), (6, "SOA"), (7, "MB"), (8, "MG"), (9, "MR"),
    (10, "NULL"), (11, "WKS"), (12, "PTR"), (13, "HINFO"), (14, "MINFO"), (15, "MX"), (16, "TXT"), (17, "RP"),
    (18, "AFSDB"), (19, "X25"), (20, "ISDN"), (21, "RT"), (22, "NSAP"), (23, "NSAP-PTR"), (24, "SIG"), (25, "KEY"),
    (26, "PX"), (27, "GPOS"), (28, "AAAA"), (29, "LOC"), (30, "NXT"), (31, "EID"), (32, "NIMLOC"), (33, "SRV"),
    (34, "ATMA"), (35, "NAPTR"), (36, "KX"), (37, "CERT"), (38, "A6"), (39, "DNAME"), (40, "SINK"), (41, "OPT"),
    (42, "APL"), (43, "DS"), (44, "SSHFP"), (45, "IPSECKEY"), (46, "RRSIG"), (47, "NSEC"), (48, "DNSKEY"),
    (49, "DHCID"), (50, "NSEC3"), (51, "NSEC3PARAM"), (52, "TLSA"), (53, "SMIMEA"), (55, "HIP"), (56, "NINFO"),
    (57, "RKEY"), (58, "TALINK"), (59, "CDS"), (60, "CDNSKEY"), (61, "OPENPGPKEY"), (62, "CSYNC"), (63, "ZONEMD"),
    (64, "SVCB"), (65, "HTTPS"), (66, "DSYNC"), (99, "SPF"), (100, "UINFO"), (101, "UID"), (102, "GID"),
    (103, "UNSPEC"), (104, "NID"), (105, "L32"), (106, "L64"), (107, "LP"), (108, "EUI48"), (109, "EUI64"),
    (249, "TKEY"), (250, "TSIG"), (251, "IXFR"), (252, "AXFR"), (253, "MAILB"), (254, "MAILA"), (255, "ANY"),
    (256, "URI"), (257, "CAA"), (258, "AVC"), (259, "DOA"), (260, "AMTRELAY"), (261, "RESINFO"), (262, "WALLET"),
    (32768, "TA"), (32769, "DLV"),
];

/// A useful set of what a name may have; every type is asked for on its own, never with ANY, which servers may answer
/// with whatever they like (RFC 8482).
pub const USUAL: [RecordType; 8] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::MX,
    RecordType::NS,
    RecordType::TXT,
    RecordType::SOA,
    RecordType::CAA,
    RecordType::HTTPS,
];

/// The type that a word names, in capitals or not: a name of [`TYPES`], or `TYPE` and a number (RFC 3597 section 5).
///
/// ```
/// use sockeye_names::{RecordType, type_named};
/// assert_eq!(type_named("mx"), Some(RecordType::MX));
/// assert_eq!(type_named("TYPE15"), Some(RecordType::MX));
/// assert_eq!(type_named("TYPE65280").map(u16::from), Some(65280));
/// assert_eq!(type_named("example"), None);
/// ```
pub fn type_named(word: &str) -> Option<RecordType> {
    if let Some((number, _)) = TYPES
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(word))
    {
        return Some(RecordType::from(*number));
    }
    let digits = word
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("TYPE"))
        .map(|_| &word[4..])?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Number 0 is reserved (RFC 6895 section 3.1.4) and names no type that could be asked for.
    let number: u16 = digits.parse().ok().filter(|number| *number != 0)?;
    Some(RecordType::from(number))
}

/// The name of a type; one without a name is `TYPE` and its number (RFC 3597 section 5).
///
/// ```
/// use sockeye_names::{RecordType, type_name};
/// assert_eq!(type_name(RecordType::from(17)), "RP");
/// assert_eq!(type_name(RecordType::from(65280)), "TYPE65280");
/// ```
pub fn type_name(kind: RecordType) -> Cow<'static, str> {
    let number = u16::from(kind);
    match TYPES.binary_search_by_key(&number, |(number, _)| *number) {
        Ok(at) => Cow::Borrowed(TYPES[at].1),
        Err(_) => Cow::Owned(format!("TYPE{number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_name_leads_to_its_number_and_back() {
        assert!(TYPES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (number, name) in TYPES {
            for word in [
                (*name).to_owned(),
                name.to_lowercase(),
                format!("tYpE{number}"),
            ] {
                let kind = type_named(&word).unwrap();
                assert_eq!((u16::from(kind), &*type_name(kind)), (*number, *name));
            }
        }
    }

    #[test]
    fn every_type_that_the_message_library_names_has_that_name_here() {
        for number in 1..=u16::MAX {
            let kind = RecordType::from(number);
            // ANAME is a draft's, on a number that nobody has given it.
            if !matches!(kind, RecordType::Unknown(_) | RecordType::ANAME) {
                assert_eq!(type_name(kind), kind.to_string());
            }
        }
    }

    #[test]
    fn a_word_that_is_no_type_is_none() {
        for word in [
            "",
            "TYPE",
            "TYPE0",
            "TYPE-1",
            "TYPE+1",
            "TYPE65536",
            "TYPEx",
            "A.",
            "all",
            "Ñ",
            "TYÑE1",
        ] {
            assert_eq!(type_named(word), None, "{word}");
        }
    }
}
