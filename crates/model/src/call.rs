//! The calls of the sockets API, under the names that programs use.

use std::fmt;

macro_rules! calls {
    ($($variant:ident $name:literal),+ $(,)?) => {
        /// A call of the sockets API, by the name a program writes: `send`, never `sendto(2)` with a null address.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Call { $(#[doc = concat!("`", $name, "`")] $variant),+ }

        impl Call {
            /// Every call that has a name here.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name a program writes.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

calls! {
    Socket "socket", SocketPair "socketpair", Bind "bind", Listen "listen", Accept "accept", Connect "connect",
    Send "send", SendTo "sendto", SendMsg "sendmsg", SendMmsg "sendmmsg", SendFile "sendfile",
    Recv "recv", RecvFrom "recvfrom", RecvMsg "recvmsg", RecvMmsg "recvmmsg",
    Read "read", Write "write", ReadV "readv", WriteV "writev", Splice "splice", Open "open",
    Shutdown "shutdown", Close "close", Dup "dup", Fcntl "fcntl", Ioctl "ioctl",
    Poll "poll", Select "select", EpollWait "epoll_wait",
    GetSockOpt "getsockopt", SetSockOpt "setsockopt", GetSockName "getsockname", GetPeerName "getpeername",
    Resolve "getaddrinfo", Unlink "unlink", Fork "fork", Exec "exec",
}

impl Call {
    /// The call with this name, as a recording spells it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|call| call.name() == name)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_call() {
        for call in Call::ALL {
            assert_eq!(Call::from_name(call.name()), Some(*call));
        }
    }
}
