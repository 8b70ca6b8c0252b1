//! Asking the kernel for a whole table over a netlink socket: one request, many answers; netlink(7).

use std::io;
use std::os::fd::OwnedFd;

use netlink_packet_core::{
    Emitable, NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer, NetlinkHeader,
    NlasIterator,
};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};

/// A netlink socket that talks to the kernel and to nobody else.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: OwnedFd,
    buffer: Vec<u8>,
    asked: u32,
}

impl Netlink {
    /// Opens one of the family `protocol`, such as [`rustix::net::netlink::SOCK_DIAG`]; `None` is rtnetlink(7), whose
    /// number is 0.
    ///
    /// # Errors
    /// What socket(2) or connect(2) gave; a seccomp filter or a security module may forbid either.
    pub(crate) fn open(protocol: Option<Protocol>) -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        )?;
        // A connected netlink socket takes messages of the kernel (port 0) alone, and of no other program.
        connect(&socket, &SocketAddrNetlink::new(0, 0))?;
        Ok(Self {
            socket,
            buffer: vec![0; LONGEST_ANSWER],
            asked: 0,
        })
    }

    /// Sends `request` as a message of the type `kind` and hands the payload of each answer to `each`.
    ///
    /// # Errors
    /// What the kernel answered: `ENOENT` where it was built without this table, `EPERM` where a filter forbids it.
    pub(crate) fn dump(
        &mut self,
        kind: u16,
        request: &[u8],
        mut each: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        self.asked += 1;
        let mut message = vec![0; HEADER];
        message.extend_from_slice(request);
        let mut header = NetlinkHeader::default();
        header.length = u32::try_from(message.len()).map_err(io::Error::other)?;
        header.message_type = kind;
        header.flags = NLM_F_REQUEST | NLM_F_DUMP;
        header.sequence_number = self.asked;
        header.emit(&mut message[..HEADER]);
        send(&self.socket, &message, SendFlags::empty())?;
        loop {
            let (length, whole) = match recv(&self.socket, &mut self.buffer[..], RecvFlags::TRUNC) {
                Err(Errno::INTR) => continue,
                other => other?,
            };
            if whole > length || length == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "an answer over netlink was cut",
                ));
            }
            let mut rest = &self.buffer[..length];
            while !rest.is_empty() {
                let answer = NetlinkBuffer::new_checked(rest).map_err(io::Error::other)?;
                let own = answer.sequence_number() == self.asked;
                match answer.message_type() {
                    _ if !own => {}
                    NLMSG_DONE | NLMSG_ERROR => return ending(answer.payload()),
                    _ => each(answer.payload()),
                }
                let next = (answer.length() as usize).next_multiple_of(ALIGNMENT);
                rest = rest.get(next..).unwrap_or_default();
            }
        }
    }
}

/// What the last message says: a negative errno, or 0 when all went well.
fn ending(payload: &[u8]) -> io::Result<()> {
    let code = payload
        .first_chunk()
        .map_or(0, |bytes| i32::from_ne_bytes(*bytes));
    match code {
        0.. => Ok(()),
        errno => Err(io::Error::from_raw_os_error(-errno)),
    }
}

/// The attributes behind the fixed part of an answer, each with its type; what is damaged ends them.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    NlasIterator::new(bytes)
        .map_while(Result::ok)
        .map(|attribute| {
            let (kind, end) = (attribute.kind(), usize::from(attribute.length()));
            let value = attribute.into_inner().get(ATTRIBUTE..end);
            (kind, value.unwrap_or_default())
        })
}

/// The number at `offset` in the machine's own byte order, where there are that many bytes.
pub(crate) fn number(bytes: &[u8], offset: usize) -> Option<u32> {
    let four = bytes.get(offset..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*four))
}

/// Longer than any message of a dump: the kernel fills at most 32 KiB, however much room there is.
const LONGEST_ANSWER: usize = 64 << 10;
/// Of a netlink message, bytes.
const HEADER: usize = 16;
const ALIGNMENT: usize = 4;
/// The length and the type before each attribute's value, bytes.
const ATTRIBUTE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_ends_well_or_with_the_kernels_errno() {
        assert!(ending(&0_i32.to_ne_bytes()).is_ok());
        assert!(ending(&[]).is_ok());
        let error = ending(&(-2_i32).to_ne_bytes()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn damaged_attributes_end_the_list() {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&5_u16.to_ne_bytes());
        bytes.extend_from_slice(&7_u16.to_ne_bytes());
        bytes.extend_from_slice(&[9, 0, 0, 0]);
        bytes.extend_from_slice(&200_u16.to_ne_bytes());
        bytes.extend_from_slice(&8_u16.to_ne_bytes());
        let found: Vec<_> = attributes(&bytes).collect();
        assert_eq!(found, [(7, &[9_u8][..])]);
        assert_eq!(attributes(&[1, 2, 3]).count(), 0);
    }

    #[test]
    fn a_number_needs_four_bytes() {
        assert_eq!(
            number(&[0, 1, 0, 0, 0], 1),
            Some(u32::from_ne_bytes([1, 0, 0, 0]))
        );
        assert_eq!(number(&[0, 1, 0, 0, 0], 2), None);
        assert_eq!(number(&[], 9), None);
    }
}
