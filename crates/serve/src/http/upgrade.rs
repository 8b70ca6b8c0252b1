//! Leaving HTTP: what goes on with the connection once "101 Switching Protocols" has been sent.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use sockeye_net::Wire;
use sockeye_net::server::Ended;
use tokio::sync::watch;

/// In the extensions of every request: the way out of HTTP.
///
/// A handler that answers 101 says with [`Upgrade::then`] what goes on, and does not wait for it:
///
/// ```
/// use axum::extract::Request;
/// use axum::http::{StatusCode, header};
/// use axum::response::IntoResponse;
/// use sockeye_net::server::Ended;
/// use sockeye_serve::http::Upgrade;
///
/// async fn shout(request: Request) -> impl IntoResponse {
///     if let Some(upgrade) = request.extensions().get::<Upgrade>() {
///         upgrade.then(|switched| async move {
///             let _ = switched.wire.send_all(b"HOLA").await;
///             Ended::Clean
///         });
///     }
///     (StatusCode::SWITCHING_PROTOCOLS, [(header::CONNECTION, "upgrade"), (header::UPGRADE, "shout")])
/// }
/// ```
#[derive(Clone, Default)]
pub struct Upgrade(Arc<Mutex<Option<After>>>);

type After = Box<dyn FnOnce(Switched) -> Pin<Box<dyn Future<Output = Ended> + Send>> + Send>;

/// A connection that has left HTTP. It keeps its seat among the conversations until what goes on has ended.
#[derive(Debug)]
pub struct Switched {
    /// The connection. Nothing has been sent on it behind the response's head.
    pub wire: Wire,
    /// What the client had sent behind its request, received already.
    pub leftover: Vec<u8>,
    /// Becomes `true` when the server has been told to stop: then it is time to say goodbye.
    pub stopping: watch::Receiver<bool>,
}

impl Upgrade {
    /// What goes on with the connection after the response, if that is "101 Switching Protocols".
    pub fn then<F>(&self, after: impl FnOnce(Switched) -> F + Send + 'static)
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        let after: After = Box::new(|switched| Box::pin(after(switched)));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(after);
    }

    pub(super) fn take(&self) -> Option<After> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}
