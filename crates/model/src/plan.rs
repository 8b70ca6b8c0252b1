//! How two channels are joined: chosen before anything is opened, from what they carry and what the views want.

use std::fmt;

use crate::{Carries, Wants};

/// One end of a relay, as far as the plan needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// A stream of bytes or messages.
    pub carries: Carries,
    /// Whether its messages are UDP's, which the kernel takes and gives in batches.
    pub batches: bool,
    /// Whether the event loop can wait for it: sockets and pipes of our own, not inherited descriptors and files.
    pub registrable: bool,
    /// Whether a layer of this program, such as TLS, stands between it and the kernel, which then can't move its bytes.
    pub layered: bool,
}

/// What happens to the bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Stream to stream, and nobody wants the bytes: copied while there are few, spliced once there are many, without
    /// passing through this program.
    Splice,
    /// Stream to stream through a buffer, for somebody wants the bytes.
    Copy,
    /// Messages to messages in batches, several a call.
    Batches,
    /// Messages to messages, one a call.
    OneByOne,
    /// Between a stream and messages, by a rule that says where a message ends.
    Framed,
}

/// How two channels will be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What happens to the bytes.
    pub method: Method,
    /// Whether threads wait instead of the event loop from the start.
    pub threads: bool,
}

/// A stream and messages can't be joined without a rule that says where a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsFraming;

impl fmt::Display for NeedsFraming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stream has no messages: say where they end with --frame line, nul, delim:HEX, fixed:SIZE, len16, len32 or chunk")
    }
}

impl std::error::Error for NeedsFraming {}

/// Chooses how `left` and `right` are joined; `changed` when something else in this program wants the
/// bytes: a filter that changes them, a checksum.
///
/// # Errors
/// A stream and messages without `framed`.
///
/// ```
/// use sockeye_model::{Carries, Wants, plan::{Method, Shape, plan}};
///
/// let tcp = Shape { carries: Carries::Stream, batches: false, registrable: true, layered: false };
/// assert_eq!(plan(tcp, tcp, Wants::NOTHING, false, false).unwrap().method, Method::Splice);
/// assert_eq!(plan(tcp, tcp, Wants::BYTES, false, false).unwrap().method, Method::Copy);
/// ```
pub fn plan(
    left: Shape,
    right: Shape,
    wants: Wants,
    framed: bool,
    changed: bool,
) -> Result<Plan, NeedsFraming> {
    let unseen = !wants.include(Wants::BYTES) && !changed;
    let method = match (left.carries, right.carries) {
        (Carries::Stream, Carries::Stream) if unseen && !left.layered && !right.layered => {
            Method::Splice
        }
        (Carries::Stream, Carries::Stream) => Method::Copy,
        (Carries::Messages, Carries::Messages) if unseen && left.batches && right.batches => {
            Method::Batches
        }
        (Carries::Messages, Carries::Messages) => Method::OneByOne,
        _ if framed => Method::Framed,
        _ => return Err(NeedsFraming),
    };
    Ok(Plan {
        method,
        threads: !(left.registrable && right.registrable),
    })
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.method {
            Method::Splice => "bytes are copied while they are few and spliced in the kernel once they are many",
            Method::Copy => "bytes are copied through a buffer, because a view, a checksum or a layer wants them",
            Method::Batches => "messages go on in batches, several a call, each as it came",
            Method::OneByOne => "messages go on one by one, each as it came",
            Method::Framed => "messages are marked in the stream as --frame says",
        })?;
        if self.threads {
            f.write_str("; on threads, since the event loop can't wait for every end")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Shape = Shape {
        carries: Carries::Stream,
        batches: false,
        registrable: true,
        layered: false,
    };
    const UDP: Shape = Shape {
        carries: Carries::Messages,
        batches: true,
        registrable: true,
        layered: false,
    };
    const PACKETS: Shape = Shape {
        carries: Carries::Messages,
        batches: false,
        registrable: true,
        layered: false,
    };
    const FILE: Shape = Shape {
        carries: Carries::Stream,
        batches: false,
        registrable: false,
        layered: false,
    };

    fn method(left: Shape, right: Shape, wants: Wants) -> Method {
        plan(left, right, wants, true, false).unwrap().method
    }

    #[test]
    fn nobody_pays_for_a_view_that_is_off() {
        for wants in [Wants::NOTHING, Wants::LIFECYCLE, Wants::EACH_IO] {
            assert_eq!(method(STREAM, FILE, wants), Method::Splice);
            assert_eq!(method(UDP, UDP, wants), Method::Batches);
        }
        assert_eq!(method(STREAM, FILE, Wants::BYTES), Method::Copy);
        assert_eq!(method(UDP, UDP, Wants::BYTES), Method::OneByOne);
    }

    #[test]
    fn messages_that_are_not_both_udp_go_one_by_one() {
        assert_eq!(method(UDP, PACKETS, Wants::NOTHING), Method::OneByOne);
    }

    #[test]
    fn a_stream_and_messages_need_a_rule_in_both_directions() {
        for (left, right) in [(STREAM, UDP), (PACKETS, FILE)] {
            assert_eq!(
                plan(left, right, Wants::NOTHING, false, false),
                Err(NeedsFraming)
            );
            assert_eq!(method(left, right, Wants::NOTHING), Method::Framed);
        }
    }

    #[test]
    fn what_changes_the_bytes_must_see_them() {
        assert_eq!(
            plan(STREAM, STREAM, Wants::NOTHING, false, true)
                .unwrap()
                .method,
            Method::Copy
        );
    }

    #[test]
    fn what_the_event_loop_cannot_wait_for_is_on_threads() {
        assert!(
            plan(STREAM, FILE, Wants::NOTHING, false, false)
                .unwrap()
                .threads
        );
        assert!(
            !plan(STREAM, STREAM, Wants::NOTHING, false, false)
                .unwrap()
                .threads
        );
    }
}
