//! Which senders a UDP service must not answer: two services that answer each other never stop.

use sockeye_model::SocketAddress;

/// Ports whose services answer whatever comes (RFC 862 to 868), and the ports that `serve` gives the same services.
const ANSWERING: &[u16] = &[7, 9, 13, 17, 19, 37, 7007, 7009, 7013, 7017, 7019, 7037];

/// Whether what is at `peer` might answer an answer: its port is echo, discard, daytime, quote, chargen or time, here
/// or in their standard places, or the port of the one who asks.
///
/// ```
/// use sockeye_net::messages::would_loop;
/// assert!(would_loop(&"192.0.2.1:19".parse()?, Some(7007)));
/// assert!(would_loop(&"192.0.2.1:5000".parse()?, Some(5000)));
/// assert!(!would_loop(&"192.0.2.1:40000".parse()?, Some(7007)));
/// # Ok::<(), sockeye_model::NotASocketAddress>(())
/// ```
pub fn would_loop(peer: &SocketAddress, own_port: Option<u16>) -> bool {
    peer.port().is_some_and(|port| port_loops(port, own_port))
}

pub(super) fn port_loops(port: u16, own_port: Option<u16>) -> bool {
    Some(port) == own_port || ANSWERING.contains(&port)
}
