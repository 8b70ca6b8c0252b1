//! What is asked: a name and a type, in the class IN.

use std::fmt;

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{DNSClass, Name, RecordType};

/// A question (RFC 1034 section 3.7.1): which records of this type has this name? The class is always IN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The name, always absolute.
    pub name: Name,
    /// The type of the records that are wanted.
    pub kind: RecordType,
}

impl Question {
    /// A question; a name without its final dot is taken to be absolute.
    pub fn new(mut name: Name, kind: RecordType) -> Self {
        name.set_fqdn(true);
        Self { name, kind }
    }

    pub(crate) fn query(&self) -> Query {
        Query::query(self.name.clone(), self.kind)
    }

    /// Whether a message repeats this question, and no other: without that it answers something else.
    pub(crate) fn is_repeated_in(&self, message: &Message) -> bool {
        matches!(message.queries.as_slice(), [query]
            if query.query_type == self.kind
                && query.query_class == DNSClass::IN
                && query.name == self.name)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = crate::name_text(&self.name);
        write!(f, "{name} {}", crate::type_name(self.kind))
    }
}
