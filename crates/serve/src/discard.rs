//! Discard, [RFC 863](https://www.rfc-editor.org/rfc/rfc863): what comes is thrown away.

use sockeye_net::server::Ended;
use sockeye_net::{Lent, Link};

use crate::visitor::Visitor;

/// "Once a connection is established any data received is thrown away. No response is sent. This continues until the
/// calling user terminates the connection."
pub(crate) async fn converse(visitor: Visitor) -> Ended {
    until_end(&visitor).await
}

/// Receives and throws away until the visitor ends its direction.
pub(crate) async fn until_end(link: &Link) -> Ended {
    loop {
        match link.recv().await {
            Ok(Lent::Data(_)) => {}
            Ok(Lent::End) => return Ended::Clean,
            Err(_) => return Ended::Failed,
        }
    }
}
