//! What TLS is set up with: from an address' options and their files to one configuration for all its conversations.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{Resumption, UnbufferedClientConnection, WebPkiServerVerifier};
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::ServerName;
use rustls::server::{UnbufferedServerConnection, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, InconsistentKeys, RootCertStore, ServerConfig, SupportedProtocolVersion,
};

use sockeye_model::{Options, TlsVersion};

use super::certificate::{Certificate, Pin};
use super::crypto;
use super::driver::Machine;
use super::error::{FileProblem, TlsError};
use super::flaw::Flaw;
use super::keylog::KeyLog;
use super::pem::{self, Contents};
use super::throwaway;
use super::verify::{Demand, Presents, Trust};

/// What an address says about its TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// A PEM file with the authorities, or the very certificates, that are accepted; instead of the system's.
    pub ca: Option<PathBuf>,
    /// The one key that is accepted, whatever its certificate says.
    pub pin: Option<Pin>,
    /// Any certificate is accepted, unless there is a pin: nobody knows who the other side is.
    pub insecure: bool,
    /// A PEM file with the chain that is shown to the other side, and perhaps its key.
    pub certificate: Option<PathBuf>,
    /// A PEM file with its private key.
    pub key: Option<PathBuf>,
    /// A PEM file with the authorities one of which must have signed a client's certificate.
    pub client_ca: Option<PathBuf>,
    /// The name to ask for and to find in the certificate, if it is not the address' own; a server's only name.
    pub name: Option<String>,
    /// The application protocols, best first (ALPN).
    pub alpn: Vec<String>,
    /// The only version.
    pub version: Option<TlsVersion>,
    /// Where the secrets of each handshake are written to.
    pub keylog: Option<PathBuf>,
}

impl Settings {
    /// Those of an address.
    pub fn of(options: &Options) -> Self {
        let path = |path: Option<&Path>| path.map(Path::to_owned);
        Self {
            ca: path(options.ca()),
            pin: options.pin().map(Pin),
            insecure: options.insecure(),
            certificate: path(options.cert()),
            key: path(options.key()),
            client_ca: path(options.client_ca()),
            name: options.sni().map(str::to_owned),
            alpn: options.alpn().unwrap_or_default().to_vec(),
            version: options.tls(),
            keylog: path(options.keylog()),
        }
    }
}

/// Clients that are ready, by their settings and names: files are read once, and sessions can be resumed.
#[derive(Clone, Debug, Default)]
pub struct Clients(Arc<Mutex<Vec<Ready>>>);

#[derive(Debug)]
struct Ready {
    settings: Settings,
    name: String,
    client: Client,
}

impl Clients {
    /// The client for these, made now if it has not been.
    ///
    /// # Errors
    /// As for [`Client::new`].
    pub fn client(&self, settings: &Settings, name: &str) -> Result<Client, TlsError> {
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |one: &&Ready| one.settings == *settings && one.name == name;
        if let Some(found) = ready.iter().find(same) {
            return Ok(found.client.clone());
        }
        let client = Client::new(settings, name)?;
        ready.push(Ready {
            settings: settings.clone(),
            name: name.to_owned(),
            client: client.clone(),
        });
        Ok(client)
    }
}

/// A client's side of TLS: one for all conversations of an address, so that a session can be resumed.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    pub(super) alpn: Arc<[String]>,
}

/// A server's side of TLS, for all its conversations.
#[derive(Clone, Debug)]
pub struct Server {
    config: Arc<ServerConfig>,
    /// The certificate that is shown.
    certificate: Arc<Certificate>,
    /// It was made for this run.
    throwaway: bool,
    pub(super) alpn: Arc<[String]>,
}

impl Client {
    /// Reads the files and the system's certificates, as far as they are needed. `name` is the host as typed; an address
    /// in digits is asked for in the certificate as such, and is not sent as a name (RFC 6066 section 3).
    ///
    /// # Errors
    /// [`TlsError::File`], [`TlsError::NotAName`] and [`TlsError::NoRoots`].
    pub fn new(settings: &Settings, name: &str) -> Result<Self, TlsError> {
        let name = settings.name.as_deref().unwrap_or(name);
        let builder = ClientConfig::builder_with_provider(crypto::provider())
            .with_protocol_versions(versions(settings))
            .map_err(other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(trust(settings)?));
        let mut config = match &settings.certificate {
            None => {
                no_key_alone(settings)?;
                builder.with_no_client_auth()
            }
            Some(path) => {
                let (chain, key) = pem::identity(path, settings.key.as_deref())?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| unfit(settings, error))?
            }
        };
        config.alpn_protocols = protocols(settings);
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        if let Some(log) = keylog(settings)? {
            config.key_log = log;
        }
        Ok(Self {
            config: Arc::new(config),
            name: server_name(name)?,
            alpn: settings.alpn.clone().into(),
        })
    }

    /// The name that the server's certificate must be for.
    pub fn name(&self) -> String {
        self.name.to_str().into_owned()
    }

    pub(super) fn machine(&self) -> Result<Machine, TlsError> {
        let connection =
            UnbufferedClientConnection::new(Arc::clone(&self.config), self.name.clone());
        Ok(Machine::Client(connection.map_err(other)?))
    }
}

impl Server {
    /// Reads the files; without a certificate one is made for `names`, good until the server ends.
    ///
    /// # Errors
    /// [`TlsError::File`].
    pub fn new(settings: &Settings, names: &[String]) -> Result<Self, TlsError> {
        let provider = crypto::provider();
        let (chain, key, throwaway) = match &settings.certificate {
            Some(path) => {
                let (chain, key) = pem::identity(path, settings.key.as_deref())?;
                (chain, key, false)
            }
            None => {
                no_key_alone(settings)?;
                // The one name that is served comes first.
                let others = names
                    .iter()
                    .filter(|name| Some(*name) != settings.name.as_ref());
                let names: Vec<String> = settings.name.iter().chain(others).cloned().collect();
                let (chain, key) = throwaway::make(&names)?;
                (chain, key, true)
            }
        };
        let certificate = chain
            .first()
            .and_then(|leaf| Certificate::read(leaf))
            .ok_or_else(|| {
                let path = settings.certificate.as_deref().unwrap_or("".as_ref());
                TlsError::file(path, FileProblem::NoCertificate { has_key: false })
            })?;
        let shown = CertifiedKey::from_der(chain, key, &provider)
            .map_err(|error| unfit(settings, error))?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(settings))
            .map_err(other)?;
        let builder = match &settings.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for authority in Contents::read(path)?.into_certificates(path)? {
                    roots.add(authority).map_err(|error| {
                        TlsError::file(path, FileProblem::Unusable(Flaw::of(&error)))
                    })?;
                }
                let checks = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                    .build()
                    .map_err(|error| TlsError::Other(error.to_string()))?;
                builder.with_client_cert_verifier(Arc::new(Demand(checks)))
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(Presents {
            key: Arc::new(shown),
            only: settings.name.clone(),
        }));
        config.alpn_protocols = protocols(settings);
        config.ticketer = Ticketer::new().map_err(other)?;
        if let Some(log) = keylog(settings)? {
            config.key_log = log;
        }
        Ok(Self {
            config: Arc::new(config),
            certificate: Arc::new(certificate),
            throwaway,
            alpn: settings.alpn.clone().into(),
        })
    }

    /// The pin of a certificate that was made for this run, which nobody can know otherwise.
    pub fn throwaway(&self) -> Option<Pin> {
        self.throwaway.then_some(self.certificate.pin)
    }

    /// The certificate that is shown to clients.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn machine(&self) -> Result<Machine, TlsError> {
        let connection = UnbufferedServerConnection::new(Arc::clone(&self.config));
        Ok(Machine::Server(connection.map_err(other)?))
    }
}

fn trust(settings: &Settings) -> Result<Trust, TlsError> {
    // What asks for most counts: a pin that is named must hold, whatever else is not looked at.
    if let Some(pin) = settings.pin {
        return Ok(Trust::Pin(pin));
    }
    if settings.insecure {
        return Ok(Trust::Anyone);
    }
    let mut roots = RootCertStore::empty();
    let mut named = Vec::new();
    match &settings.ca {
        Some(path) => {
            named = Contents::read(path)?.into_certificates(path)?;
            let (added, _) = roots.add_parsable_certificates(named.iter().cloned());
            if added == 0 {
                return Err(TlsError::file(path, FileProblem::NoneReadable));
            }
        }
        None => {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
            if roots.is_empty() {
                return Err(TlsError::NoRoots);
            }
        }
    }
    let checks = WebPkiServerVerifier::builder_with_provider(roots.into(), crypto::provider())
        .build()
        .map_err(|error| TlsError::Other(error.to_string()))?;
    Ok(Trust::Roots { checks, named })
}

fn no_key_alone(settings: &Settings) -> Result<(), TlsError> {
    match &settings.key {
        Some(key) => Err(TlsError::file(key, FileProblem::CertificateMissing)),
        None => Ok(()),
    }
}

/// rustls does not take the certificate and key.
fn unfit(settings: &Settings, error: rustls::Error) -> TlsError {
    let certificate = settings.certificate.clone().unwrap_or_default();
    let key = settings.key.as_ref().unwrap_or(&certificate);
    let (path, why) = match error {
        // Said of the file with the certificate: the key is not looked at then.
        rustls::Error::InvalidCertificate(_) => {
            (&certificate, FileProblem::Unusable(Flaw::of(&error)))
        }
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let certificate = certificate.clone();
            (key, FileProblem::OtherKey { certificate })
        }
        error => (key, FileProblem::Unusable(Flaw::of(&error))),
    };
    TlsError::file(path, why)
}

fn versions(settings: &Settings) -> &'static [&'static SupportedProtocolVersion] {
    match settings.version {
        None => rustls::ALL_VERSIONS,
        Some(TlsVersion::V12) => ONLY_12,
        Some(TlsVersion::V13) => ONLY_13,
    }
}

fn protocols(settings: &Settings) -> Vec<Vec<u8>> {
    settings
        .alpn
        .iter()
        .map(|name| name.clone().into_bytes())
        .collect()
}

fn keylog(settings: &Settings) -> Result<Option<Arc<KeyLog>>, TlsError> {
    settings
        .keylog
        .as_ref()
        .map(|path| {
            KeyLog::open(path)
                .map(Arc::new)
                .map_err(|error| TlsError::file(path, FileProblem::Io(error)))
        })
        .transpose()
}

/// A name without the dot at its end, or an address without its zone.
fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    let bare = name.split_once('%').map_or(name, |(bare, _)| bare);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(ServerName::IpAddress(address.into()));
    }
    let trimmed = name.strip_suffix('.').unwrap_or(name).to_owned();
    ServerName::try_from(trimmed).map_err(|_| TlsError::NotAName(name.to_owned()))
}

fn other(error: impl std::fmt::Display) -> TlsError {
    TlsError::Other(error.to_string())
}

static ONLY_12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
static ONLY_13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
/// Sessions that a client can resume, at most.
const SESSIONS: usize = 64;
