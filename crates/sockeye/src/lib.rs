//! Every socket, in plain sight: the library behind the tool `sockeye`.

pub use sockeye_model::{Address, AddressError, Call, Errno, Event, Kind, SocketAddress};
