//! What is served: routes, and who is told of each request.

use std::fmt;

use axum::Router;
use sockeye_model::text::Language;
use sockeye_model::{SocketAddress, SocketId};
use sockeye_net::Tap;
use tokio::sync::mpsc::Sender;

use super::Access;

/// The pages of one server.
///
/// ```
/// use axum::{Router, routing::get};
/// use sockeye_serve::http::Site;
///
/// let site = Site::new().routes(Router::new().route("/", get(|| async { "hola" })));
/// ```
#[derive(Clone, Default)]
pub struct Site {
    pub(super) router: Router,
    pub(super) accesses: Option<Sender<Access>>,
    pub(super) language: Language,
}

/// Who asks, and on which socket: in the extensions of every request.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The client's address.
    pub peer: SocketAddress,
    /// The address it came to.
    pub local: SocketAddress,
    /// The number of its socket in the stream of events.
    pub socket: SocketId,
    /// Where that socket's events go.
    pub tap: Tap,
}

impl Site {
    /// A site without pages: everything is "404 Not Found".
    pub fn new() -> Self {
        Self::default()
    }

    /// With these routes as well.
    ///
    /// # Panics
    /// When one of them is there already.
    #[must_use]
    pub fn routes(mut self, routes: Router) -> Self {
        self.router = self.router.merge(routes);
        self
    }

    /// Speaks this language to whoever asks for neither of the two.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Tells `to` of each request once its response begins. What finds no room there is left out.
    #[must_use]
    pub fn accesses(mut self, to: Sender<Access>) -> Self {
        self.accesses = Some(to);
        self
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}
