//! Made-up events, told as a program would make them: how the rules are tested.

use std::time::Duration;

use sockeye_model::{
    Call, Caller, Came, End, Errno, Event, Family, Finding, Kind, Note, Payload, Place, Protocol,
    Queues, SocketAddress, SocketId, Timestamp, Totals, Type, Unit,
};

use crate::Doctor;

/// One program's events, and what is found in them.
pub(crate) struct Story {
    doctor: Doctor,
    now: Timestamp,
    by: Option<Caller>,
    place: Option<Place<'static>>,
    /// What was found, in the order it was told: `✗ S09`.
    told: Vec<String>,
}

/// An address: `127.0.0.1:5000`, `/run/a.sock`, `@name`.
pub(crate) fn at(address: &str) -> SocketAddress {
    address.parse().unwrap()
}

impl Story {
    pub(crate) const PID: u32 = 100;

    /// A program started by this command, as process [`Story::PID`].
    pub(crate) fn of(command: &str) -> Self {
        let mut story = Self {
            doctor: Doctor::new(),
            now: Timestamp::START,
            by: None,
            place: None,
            told: Vec::new(),
        };
        story.starts(Self::PID, command);
        story.from(Self::PID);
        story
    }

    /// A server in Python that listens on #1 and has accepted #2.
    pub(crate) fn server() -> Self {
        let mut story = Self::of("python3 server.py");
        story.listener(1, "127.0.0.1:5000");
        story.accepted(1, 2, "127.0.0.1:5000", "127.0.0.1:40000");
        story
    }

    /// Another program, to be spoken for by `from`.
    pub(crate) fn starts(&mut self, pid: u32, command: &str) -> &mut Self {
        self.event(
            0,
            Kind::Started {
                pid,
                command: command.into(),
            },
        )
    }

    /// The events that follow are this process's, its first thread's.
    pub(crate) fn from(&mut self, process: u32) -> &mut Self {
        self.thread(process, process)
    }

    pub(crate) fn thread(&mut self, process: u32, thread: u32) -> &mut Self {
        self.by = Some(Caller { process, thread });
        self
    }

    /// The next event, and only that, comes from this line.
    pub(crate) fn line(&mut self, line: u32) -> &mut Self {
        self.place = Some(Place {
            file: "server.py".into(),
            line,
            function: None,
        });
        self
    }

    /// Time goes by.
    pub(crate) fn after(&mut self, milliseconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_millis(milliseconds);
        self
    }

    /// Whether this rule has found something so far.
    pub(crate) fn has(&self, rule: &str) -> bool {
        self.findings().iter().any(|found| found.rule == rule)
    }

    /// Time goes by, and the doctor is told so.
    pub(crate) fn passes(&mut self, milliseconds: u64) -> &mut Self {
        self.after(milliseconds);
        let new = self.doctor.passes(self.now);
        self.tell(&new);
        self
    }

    /// Any event, 10 µs after the one before.
    pub(crate) fn event(&mut self, socket: u32, kind: Kind<'_>) -> &mut Self {
        self.told(socket, None, Some(Duration::from_micros(5)), kind)
    }

    /// An event with its parent and its length.
    pub(crate) fn told(
        &mut self,
        socket: u32,
        parent: Option<u32>,
        took: Option<Duration>,
        kind: Kind<'_>,
    ) -> &mut Self {
        self.now = self.now + Duration::from_micros(10);
        let event = Event {
            at: self.now,
            took,
            socket: SocketId(socket),
            parent: parent.map(SocketId),
            by: self.by,
            place: self.place.take(),
            kind,
        };
        let new = self.doctor.event(&event);
        self.tell(&new);
        self
    }

    fn tell(&mut self, new: &[Finding]) {
        let marks = new
            .iter()
            .map(|found| format!("{} {}", found.weight.sign(), found.rule));
        self.told.extend(marks);
    }

    pub(crate) fn created(&mut self, socket: u32, family: Family, kind: Type) -> &mut Self {
        self.event(
            socket,
            Kind::Created {
                family,
                kind,
                protocol: Protocol::DEFAULT,
            },
        );
        self.event(
            socket,
            Kind::Noted(Note::Descriptor {
                number: 3,
                came: Came::Made,
            }),
        )
    }

    pub(crate) fn tcp(&mut self, socket: u32) -> &mut Self {
        self.created(socket, Family::Inet, Type::Stream)
    }

    pub(crate) fn udp(&mut self, socket: u32) -> &mut Self {
        self.created(socket, Family::Inet, Type::Datagram)
    }

    pub(crate) fn set(&mut self, socket: u32, option: &str, value: &str) -> &mut Self {
        self.event(
            socket,
            Kind::Configured {
                option: option.into(),
                value: value.into(),
            },
        )
    }

    pub(crate) fn bound(&mut self, socket: u32, local: &str) -> &mut Self {
        self.event(socket, Kind::Bound { local: at(local) })
    }

    /// A TCP listener that does everything right.
    pub(crate) fn listener(&mut self, socket: u32, local: &str) -> &mut Self {
        self.tcp(socket)
            .set(socket, "SO_REUSEADDR", "1")
            .bound(socket, local);
        self.event(
            socket,
            Kind::Listening {
                local: at(local),
                backlog: 128,
            },
        )
    }

    pub(crate) fn accepted(
        &mut self,
        listener: u32,
        socket: u32,
        local: &str,
        peer: &str,
    ) -> &mut Self {
        let kind = Kind::Accepted {
            local: at(local),
            peer: at(peer),
        };
        self.told(socket, Some(listener), None, kind);
        self.event(
            socket,
            Kind::Noted(Note::Descriptor {
                number: 4,
                came: Came::Made,
            }),
        )
    }

    /// A `connect` that succeeds.
    pub(crate) fn connected(&mut self, socket: u32, local: &str, peer: &str) -> &mut Self {
        self.event(socket, Kind::Connecting { peer: at(peer) });
        self.event(
            socket,
            Kind::Connected {
                local: at(local),
                peer: at(peer),
            },
        )
    }

    /// A `send` that takes everything.
    pub(crate) fn sent(&mut self, socket: u32, len: u64) -> &mut Self {
        self.sent_of(socket, len, len, 0x1000)
    }

    /// A `send` of `asked` bytes at `buffer` that takes `len` of them.
    pub(crate) fn sent_of(&mut self, socket: u32, len: u64, asked: u64, buffer: u64) -> &mut Self {
        self.event(
            socket,
            Kind::Sent {
                call: Call::Send,
                payload: Payload::Unseen {
                    len,
                    unit: Unit::Bytes,
                },
                asked,
                buffer: Some(buffer),
                peer: None,
            },
        )
    }

    pub(crate) fn sent_to(&mut self, socket: u32, len: u64, peer: &str) -> &mut Self {
        self.event(
            socket,
            Kind::Sent {
                call: Call::SendTo,
                payload: Payload::Unseen {
                    len,
                    unit: Unit::Message,
                },
                asked: len,
                buffer: Some(0x1000),
                peer: Some(at(peer)),
            },
        )
    }

    pub(crate) fn received(&mut self, socket: u32, len: u64, room: u64) -> &mut Self {
        self.event(
            socket,
            Kind::Received {
                call: Call::Recv,
                payload: Payload::Unseen {
                    len,
                    unit: Unit::Bytes,
                },
                room,
                truncated_from: None,
                peer: None,
            },
        )
    }

    pub(crate) fn received_from(
        &mut self,
        socket: u32,
        len: u64,
        room: u64,
        peer: &str,
    ) -> &mut Self {
        self.event(
            socket,
            Kind::Received {
                call: Call::RecvFrom,
                payload: Payload::Unseen {
                    len: len.min(room),
                    unit: Unit::Message,
                },
                room,
                truncated_from: (len > room).then_some(len),
                peer: Some(at(peer)),
            },
        )
    }

    /// A receive that gives 0: the peer's end.
    pub(crate) fn peer_ends(&mut self, socket: u32) -> &mut Self {
        self.event(socket, Kind::HalfClosed { end: End::Peer })
    }

    pub(crate) fn shut_down(&mut self, socket: u32) -> &mut Self {
        self.event(socket, Kind::HalfClosed { end: End::Ours })
    }

    pub(crate) fn called(
        &mut self,
        socket: u32,
        call: Call,
        result: Result<i64, Errno>,
    ) -> &mut Self {
        self.event(socket, Kind::Called { call, result })
    }

    pub(crate) fn failed(
        &mut self,
        socket: u32,
        call: Call,
        errno: Errno,
        address: SocketAddress,
    ) -> &mut Self {
        self.event(
            socket,
            Kind::Failed {
                call,
                errno,
                address: Some(address),
            },
        )
    }

    /// A failed call that was about no address.
    pub(crate) fn fails(&mut self, socket: u32, call: Call, errno: Errno) -> &mut Self {
        self.event(
            socket,
            Kind::Failed {
                call,
                errno,
                address: None,
            },
        )
    }

    pub(crate) fn waits(&mut self, socket: u32, call: Call) -> &mut Self {
        self.told(socket, None, None, Kind::Waiting { call })
    }

    pub(crate) fn queued(&mut self, socket: u32, unread: u64, unsent: u64) -> &mut Self {
        self.told(
            socket,
            None,
            None,
            Kind::Queued(Queues::Data { unread, unsent }),
        )
    }

    /// A `close` of the last descriptor.
    pub(crate) fn closed(&mut self, socket: u32) -> &mut Self {
        self.event(
            socket,
            Kind::Closed {
                totals: Totals::default(),
                first: None,
            },
        )
    }

    /// Closed by the kernel, for the process is ending.
    pub(crate) fn left_open(&mut self, socket: u32) -> &mut Self {
        self.told(
            socket,
            None,
            None,
            Kind::Closed {
                totals: Totals::default(),
                first: None,
            },
        )
    }

    /// The process ends: its exit code, or the signal that killed it.
    pub(crate) fn exits(&mut self, status: Result<i32, i32>) -> &mut Self {
        let pid = self.by.map_or(Self::PID, |by| by.process);
        self.told(0, None, None, Kind::Exited { pid, status })
    }

    /// Everything found so far.
    pub(crate) fn findings(&self) -> &[Finding] {
        self.doctor.findings()
    }

    /// What this rule found first.
    pub(crate) fn found(&self, rule: &str) -> &Finding {
        self.findings()
            .iter()
            .find(|found| found.rule == rule)
            .unwrap()
    }

    /// Ends the story: the marks of all that was found, in the order it was told, `✗ S09`. What any server on loopback or on
    /// every interface is told for good measure, S03 and S04, is left out.
    pub(crate) fn marks(&mut self) -> Vec<String> {
        let new = self.doctor.finish(self.now);
        self.tell(&new);
        let mut told = self.told.clone();
        told.retain(|mark| !matches!(mark.as_str(), "i S03" | "i S04"));
        told
    }
}
