//! The words of a recording for the values that are one of a few, in both directions.

use sockeye_model::{Blind, Came, DropReason, End, Family, Runtime, Source, Type, Unit};

/// A value that a recording spells as one word.
pub(crate) trait Word: Copy {
    /// Its word: plain ASCII, nothing to escape.
    fn word(self) -> &'static str;

    /// The value of a word, or `None` for one of a newer version.
    fn from_word(word: &str) -> Option<Self>;
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl Word for $type {
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}

words! {
    Family { Inet = "AF_INET", Inet6 = "AF_INET6", Unix = "AF_UNIX" }
    Type { Stream = "SOCK_STREAM", Datagram = "SOCK_DGRAM", SeqPacket = "SOCK_SEQPACKET", Raw = "SOCK_RAW" }
    Unit { Bytes = "bytes", Message = "message" }
    End { Ours = "ours", Peer = "peer" }
    Source { Literal = "literal", HostsFile = "hosts", System = "system" }
    Came { Made = "made", Inherited = "inherited", Found = "found", Passed = "passed" }
    Runtime { Resolver = "resolver", NameCache = "name_cache", Interfaces = "interfaces", WakeUp = "wake_up" }
    Blind {
        IoUring = "io_uring",
        ForeignCalls = "foreign_calls",
        Privileged = "privileged",
        Tracer = "tracer",
    }
    DropReason {
        TooLong = "too_long",
        WouldLoop = "would_loop",
        QueueFull = "queue_full",
        Refused = "refused",
        TooManySessions = "too_many_sessions",
    }
}
