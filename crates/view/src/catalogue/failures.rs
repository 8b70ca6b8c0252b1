//! What an error number means, and for a call that failed: why, and what to try.

use std::fmt::Display;

use sockeye_model::{Call, Errno};

use super::{Language, Text};

macro_rules! meanings {
    ($($name:ident $english:literal | $spanish:literal;)+) => {
        const MEANINGS: &[(Errno, Text)] = &[$((Errno::$name, Text::new($english, $spanish))),+];
    };
}

meanings! {
    EPERM "operation not permitted" | "operación no permitida";
    ENOENT "no such file or path" | "no existe ese fichero o ruta";
    EINTR "interrupted by a signal" | "interrumpida por una señal";
    EIO "input or output error" | "error de entrada o salida";
    E2BIG "argument list too long" | "lista de argumentos demasiado larga";
    EBADF "no open descriptor" | "descriptor no abierto";
    EAGAIN "not now, try again" | "ahora no, vuelve a intentarlo";
    ENOMEM "out of memory" | "no queda memoria";
    EACCES "permission denied" | "permiso denegado";
    EFAULT "bad memory address" | "dirección de memoria errónea";
    EBUSY "busy" | "ocupado";
    EEXIST "exists already" | "ya existe";
    ENODEV "no such device" | "no existe ese dispositivo";
    ENOTDIR "not a folder" | "no es una carpeta";
    EISDIR "is a folder" | "es una carpeta";
    EINVAL "invalid argument" | "argumento no válido";
    ENFILE "too many open files in the system" | "demasiados ficheros abiertos en el sistema";
    EMFILE "too many open files in this process" | "demasiados ficheros abiertos en este proceso";
    EFBIG "file too large" | "fichero demasiado grande";
    ENOSPC "no space left" | "no queda espacio";
    ESPIPE "can't seek" | "no se puede cambiar de posición";
    EROFS "read-only file system" | "sistema de ficheros de solo lectura";
    EPIPE "nobody reads any more" | "ya no lee nadie";
    ENAMETOOLONG "name too long" | "nombre demasiado largo";
    ELOOP "too many symbolic links" | "demasiados enlaces simbólicos";
    EPROTO "protocol error" | "error de protocolo";
    ENOTSOCK "not a socket" | "no es un socket";
    EDESTADDRREQ "destination address required" | "falta la dirección de destino";
    EMSGSIZE "message too long" | "mensaje demasiado largo";
    EPROTOTYPE "wrong type of socket" | "tipo de socket equivocado";
    ENOPROTOOPT "no such socket option" | "no existe esa opción de socket";
    EPROTONOSUPPORT "protocol not supported" | "protocolo no admitido";
    ESOCKTNOSUPPORT "socket type not supported" | "tipo de socket no admitido";
    EOPNOTSUPP "operation not supported" | "operación no admitida";
    EPFNOSUPPORT "protocol family not supported" | "familia de protocolos no admitida";
    EAFNOSUPPORT "address family not supported" | "familia de direcciones no admitida";
    EADDRINUSE "address already in use" | "dirección ya en uso";
    EADDRNOTAVAIL "address not available" | "dirección no disponible";
    ENETDOWN "network is down" | "la red está caída";
    ENETUNREACH "network unreachable" | "red inalcanzable";
    ENETRESET "connection dropped by the network" | "conexión cortada por la red";
    ECONNABORTED "connection aborted" | "conexión abortada";
    ECONNRESET "connection reset by peer" | "conexión reiniciada por el otro extremo";
    ENOBUFS "no buffer space" | "no queda sitio en los búferes";
    EISCONN "already connected" | "ya está conectado";
    ENOTCONN "not connected" | "no está conectado";
    ESHUTDOWN "can't send after shutdown" | "no se puede enviar tras shutdown";
    ETIMEDOUT "timed out" | "se agotó el tiempo";
    ECONNREFUSED "connection refused" | "conexión rechazada";
    EHOSTDOWN "host is down" | "la máquina está apagada";
    EHOSTUNREACH "host unreachable" | "máquina inalcanzable";
    EALREADY "already in progress" | "ya está en marcha";
    EINPROGRESS "in progress" | "en marcha";
    EDQUOT "disk quota exceeded" | "cuota de disco superada";
    ECANCELED "cancelled" | "cancelado";
}

const UNKNOWN: Text = Text::new(
    "an error without a sentence here",
    "un error sin frase aquí",
);

/// What an error number means, in a few words: `connection refused`, `conexión rechazada`.
pub fn errno_meaning(errno: Errno, language: Language) -> &'static str {
    MEANINGS
        .iter()
        .find(|(known, _)| *known == errno)
        .map_or(UNKNOWN, |(_, text)| *text)
        .say(language)
}

/// The name with its meaning beside it: `ECONNREFUSED (conexión rechazada)`; a number without a name stays a number.
pub fn errno_text(errno: Errno, language: Language) -> String {
    match errno.name() {
        Some(name) => format!("{name} ({})", errno_meaning(errno, language)),
        None => errno.to_string(),
    }
}

/// What a call is about, as far as its errors go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Socket,
    Bind,
    Listen,
    Accept,
    Connect,
    Send,
    Receive,
    Resolve,
    Shutdown,
    File,
    Any,
}

const fn deed(call: Call) -> Deed {
    match call {
        Call::Socket => Deed::Socket,
        Call::Bind => Deed::Bind,
        Call::Listen => Deed::Listen,
        Call::Accept => Deed::Accept,
        Call::Connect => Deed::Connect,
        Call::Send
        | Call::SendTo
        | Call::SendMsg
        | Call::SendMmsg
        | Call::SendFile
        | Call::Write
        | Call::Splice => Deed::Send,
        Call::Recv | Call::RecvFrom | Call::RecvMsg | Call::RecvMmsg | Call::Read => Deed::Receive,
        Call::Resolve => Deed::Resolve,
        Call::Shutdown => Deed::Shutdown,
        Call::Open | Call::Unlink => Deed::File,
        _ => Deed::Any,
    }
}

macro_rules! failures {
    ($($deed:ident $errno:ident $english:literal | $spanish:literal;)+) => {
        const FAILURES: &[(Deed, Errno, Text)] =
            &[$((Deed::$deed, Errno::$errno, Text::new($english, $spanish))),+];
    };
}

// Looked up in order: a deed's own row first, then the rows of Any.
failures! {
    Connect ECONNREFUSED
        "nothing listens there; is the server running, on this port and this address family?"
      | "nadie escucha ahí; ¿está en marcha el servidor, en este puerto y esta familia de direcciones?";
    Connect ETIMEDOUT
        "no answer at all: a firewall, a wrong address or a full queue; a closed port would have refused"
      | "ninguna respuesta: un cortafuegos, una dirección equivocada o una cola llena; un puerto cerrado lo habría rechazado";
    Connect EHOSTUNREACH
        "a router or this machine answered that there is no way to that host; check the address and the network"
      | "un encaminador o esta máquina dijo que no hay camino hasta allí; revisa la dirección y la red";
    Connect ENETUNREACH
        "this machine has no route to that network; for an IPv6 address, it may have no IPv6"
      | "esta máquina no tiene ruta hacia esa red; si la dirección es IPv6, quizá no tenga IPv6";
    Connect EACCES
        "not allowed: for a path, write permission on the socket file is needed; otherwise a local rule forbids it"
      | "no está permitido: con una ruta hace falta permiso de escritura en el fichero del socket; si no, lo prohíbe una regla local";
    Connect EPERM
        "a rule on this machine (a firewall or a sandbox) forbids it"
      | "lo prohíbe una regla de esta máquina (un cortafuegos o un recinto aislado)";
    Connect EADDRNOTAVAIL
        "no free port for this end, or the address to connect from is not of this machine"
      | "no queda puerto libre para este extremo, o la dirección de salida no es de esta máquina";
    Connect ENAMETOOLONG
        "a socket's path has room for 107 bytes; use a shorter name, or go into its folder first (cd) and name it from there"
      | "la ruta de un socket tiene sitio para 107 bytes; usa un nombre más corto, o entra antes en su carpeta (cd) y nómbralo desde ahí";
    Connect ENOENT
        "there is no socket at this path; start the server first, or check the path"
      | "no hay ningún socket en esa ruta; arranca antes el servidor o revisa la ruta";
    Connect EAGAIN
        "the listener's queue is full: it does not accept fast enough"
      | "la cola de quien escucha está llena: no acepta con bastante rapidez";
    Connect EPROTOTYPE
        "the socket at this path is of another type; try unix, unix-dgram or unix-seqpacket"
      | "el socket de esa ruta es de otro tipo; prueba unix, unix-dgram o unix-seqpacket";
    Connect EINVAL
        "this address can't be connected to from this socket; a link-local IPv6 address needs its zone: [fe80::1%eth0]"
      | "desde este socket no se puede conectar a esa dirección; una IPv6 de enlace local necesita su zona: [fe80::1%eth0]";
    Connect ENOTSOCK
        "what is at this path is no socket"
      | "lo que hay en esa ruta no es un socket";
    Connect EISCONN
        "this socket is connected already; a new connection needs a new socket"
      | "este socket ya está conectado; otra conexión necesita otro socket";
    Connect EAFNOSUPPORT
        "the address is of another family than the socket"
      | "la dirección es de otra familia que el socket";

    Bind EADDRINUSE
        "another socket holds this address, or a file is at this path; choose another, or port 0 to have one chosen"
      | "otro socket tiene esta dirección, o hay un fichero en esa ruta; elige otra, o el puerto 0 para que lo elija el sistema";
    Bind EACCES
        "ports below 1024 need privilege, and a path needs write permission in its folder; try a port such as 8080"
      | "los puertos por debajo de 1024 piden privilegios, y una ruta pide permiso de escritura en su carpeta; prueba un puerto como 8080";
    Bind EPERM
        "a rule on this machine forbids it"
      | "lo prohíbe una regla de esta máquina";
    Bind EADDRNOTAVAIL
        "that address is not of this machine; use one of its own, or any for all of them"
      | "esa dirección no es de esta máquina; usa una de las suyas, o any para todas";
    Bind ENAMETOOLONG
        "a socket's path has room for 107 bytes; use a shorter name, or go into its folder first (cd) and name it from there"
      | "la ruta de un socket tiene sitio para 107 bytes; usa un nombre más corto, o entra antes en su carpeta (cd) y nómbralo desde ahí";
    Bind ENOENT
        "the folder of this path does not exist"
      | "la carpeta de esa ruta no existe";
    Bind ENOTDIR
        "a part of this path is not a folder"
      | "una parte de esa ruta no es una carpeta";
    Bind EROFS
        "the file system is read-only; choose a path elsewhere"
      | "el sistema de ficheros es de solo lectura; elige una ruta en otro sitio";
    Bind EINVAL
        "this socket is bound already, or the address is not of its family"
      | "este socket ya tiene dirección, o la dirección no es de su familia";
    Bind EAFNOSUPPORT
        "the address is of another family than the socket"
      | "la dirección es de otra familia que el socket";

    Listen EADDRINUSE
        "another socket listens on this port already"
      | "otro socket ya escucha en este puerto";
    Listen EOPNOTSUPP
        "only sockets with connections can listen; a datagram socket hears everybody without it"
      | "solo escuchan los sockets con conexiones; un socket de datagramas oye a todos sin ello";

    Accept EMFILE
        "this process has no descriptor left: raise its limit (ulimit -n) or close what is done; new clients wait in the queue"
      | "a este proceso no le quedan descriptores: sube su límite (ulimit -n) o cierra lo terminado; los nuevos clientes esperan en la cola";
    Accept ENFILE
        "the whole system has no descriptor left; new clients wait in the queue"
      | "al sistema entero no le quedan descriptores; los nuevos clientes esperan en la cola";
    Accept ECONNABORTED
        "this client left before it was accepted; the others are not affected"
      | "este cliente se fue antes de ser aceptado; a los demás no les afecta";
    Accept EINVAL
        "only a listening socket accepts: listen() is missing, or shutdown() has ended it"
      | "solo acepta un socket que escucha: falta listen(), o shutdown() lo terminó";
    Accept EOPNOTSUPP
        "only sockets with connections accept; with datagrams use recvfrom at once"
      | "solo aceptan los sockets con conexiones; con datagramas usa recvfrom directamente";

    Send EPIPE
        "this direction is over: the other side has gone, or this side said it would send no more; what was sent before may not have been read"
      | "este sentido se acabó: el otro lado se ha ido, o este dijo que no enviaría más; lo ya enviado quizá no se haya leído";
    Send ECONNRESET
        "the other side threw the connection away; what was sent may not have been read"
      | "el otro lado tiró la conexión; lo enviado quizá no se haya leído";
    Send ETIMEDOUT
        "the other side stopped acknowledging; nobody knows how much it read"
      | "el otro lado dejó de confirmar; no se sabe cuánto ha leído";
    Send EMSGSIZE
        "too long for one message: UDP carries 65,507 B over IPv4 and 65,527 B over IPv6; send it in parts, or use TCP"
      | "demasiado largo para un mensaje: UDP lleva 65.507 B sobre IPv4 y 65.527 B sobre IPv6; envíalo por partes o usa TCP";
    Send ENOBUFS
        "the queue towards the network is full; the message was not sent: send more slowly, or try again"
      | "la cola hacia la red está llena; el mensaje no salió: envía más despacio o repite";
    Send ECONNREFUSED
        "nobody has that socket open; over UDP this belongs to an earlier datagram: \"port unreachable\" came back"
      | "nadie tiene abierto ese socket; en UDP es por un datagrama anterior: volvió \"puerto inalcanzable\"";
    Send EACCES
        "not allowed: for a broadcast address SO_BROADCAST is needed; for a path, write permission"
      | "no está permitido: para difusión hace falta SO_BROADCAST; para una ruta, permiso de escritura";
    Send EPERM
        "a rule on this machine (a firewall) stopped it"
      | "lo frenó una regla de esta máquina (un cortafuegos)";
    Send ENOTCONN
        "there is no other end yet: connect first; a listening socket never sends, the one from accept() does"
      | "aún no hay otro extremo: antes, connect; el socket que escucha no envía, sino el que dio accept()";
    Send EDESTADDRREQ
        "to whom? use sendto with an address, or connect first"
      | "¿a quién? usa sendto con una dirección, o antes connect";
    Send EAGAIN
        "no room now: the reader is slow; wait until the socket is writable"
      | "ahora no cabe: el lector va lento; espera a que se pueda escribir";
    Send ENOENT
        "there is no socket at this path any more"
      | "ya no hay ningún socket en esa ruta";
    Send ENETUNREACH
        "this machine has no route to that network"
      | "esta máquina no tiene ruta hacia esa red";
    Send EHOSTUNREACH
        "there is no way to that host just now"
      | "ahora mismo no hay camino hasta esa máquina";

    Receive ECONNRESET
        "the other side threw the connection away: bytes it never read, a crash or a deliberate abort; what had not arrived is lost"
      | "el otro lado tiró la conexión: bytes que no leyó, una caída o un aborto a propósito; lo que no había llegado se perdió";
    Receive ECONNREFUSED
        "this belongs to an earlier datagram you sent: \"port unreachable\" came back, nobody has that port open"
      | "es por un datagrama que enviaste antes: volvió \"puerto inalcanzable\", nadie tiene abierto ese puerto";
    Receive ETIMEDOUT
        "the other side stopped answering altogether"
      | "el otro lado dejó de responder por completo";
    Receive ENOTCONN
        "there is no other end: a listening socket never receives, the one from accept() does; a client connects first"
      | "no hay otro extremo: el socket que escucha no recibe, sino el que dio accept(); un cliente hace antes connect";
    Receive EAGAIN
        "nothing there yet: wait until the socket is readable"
      | "aún no hay nada: espera a que se pueda leer";
    Receive EHOSTUNREACH
        "a router answered that there is no way to that host"
      | "un encaminador dijo que no hay camino hasta esa máquina";

    Resolve ENOENT
        "no address for this name; check the spelling, or use the address itself"
      | "ese nombre no tiene dirección; revisa cómo está escrito o usa la propia dirección";
    Resolve EAGAIN
        "the name servers did not answer; try again, or use the address itself"
      | "los servidores de nombres no contestaron; repite, o usa la propia dirección";
    Resolve ETIMEDOUT
        "the name servers did not answer in time; try again, or use the address itself"
      | "los servidores de nombres no contestaron a tiempo; repite, o usa la propia dirección";

    Socket EAFNOSUPPORT
        "this machine does not have this address family (IPv6 may be switched off)"
      | "esta máquina no tiene esa familia de direcciones (quizá IPv6 está desactivado)";
    Socket EPERM
        "raw sockets need privilege (CAP_NET_RAW)"
      | "los sockets raw piden privilegios (CAP_NET_RAW)";
    Socket EACCES
        "this socket needs privilege (raw: CAP_NET_RAW; ping: the group in ping_group_range, or raw is tried next)"
      | "este socket pide privilegios (raw: CAP_NET_RAW; ping: el grupo de ping_group_range, o se prueba raw después)";
    Socket EPROTONOSUPPORT
        "this machine does not have this protocol, or it may not be used"
      | "esta máquina no tiene ese protocolo, o no se deja usar";

    Shutdown ENOTCONN
        "the other side has gone already: there is nothing left to end"
      | "el otro lado ya se ha ido: no queda nada que terminar";

    File ENOENT "there is nothing at this path" | "no hay nada en esa ruta";
    File EACCES "the file's permissions do not allow it" | "los permisos del fichero no lo permiten";

    Any EMFILE
        "this process has no descriptor left: raise its limit (ulimit -n) or close what is done"
      | "a este proceso no le quedan descriptores: sube su límite (ulimit -n) o cierra lo terminado";
    Any ENFILE
        "the whole system has no descriptor left"
      | "al sistema entero no le quedan descriptores";
    Any ENOMEM "the kernel has no memory for it" | "el núcleo no tiene memoria para ello";
    Any ENOBUFS "the kernel has no buffer for it" | "el núcleo no tiene búfer para ello";
    Any ENOSPC "the disk is full" | "el disco está lleno";
    Any EBADF
        "the descriptor is closed already, or never was open"
      | "el descriptor ya está cerrado, o nunca se abrió";
    Any ENOPROTOOPT
        "this kind of socket does not have this option"
      | "este tipo de socket no tiene esa opción";
    Any EINTR "a signal came; the call can be repeated" | "llegó una señal; la llamada se puede repetir";
    Any EPERM "the system does not allow it to this user" | "el sistema no se lo permite a este usuario";
    Any EACCES "the system does not allow it to this user" | "el sistema no se lo permite a este usuario";
    Any EINVAL "the kernel does not accept these arguments" | "el núcleo no acepta estos argumentos";
    Any ENETDOWN "the network interface is down" | "la interfaz de red está caída";
    Any EADDRNOTAVAIL "that address is not of this machine" | "esa dirección no es de esta máquina";
    Any ENODEV "there is no such interface on this machine" | "esa interfaz no existe en esta máquina";
    Any ENOTCONN "there is no other end: not connected, or already over" | "no hay otro extremo: sin conectar, o ya terminado";
}

const NO_REASON: Text = Text::new(
    "the manual page of the call says more",
    "la página de manual de la llamada dice más",
);

/// Why a call gave an error, and what to try, in one sentence; for a pair that has none of its own, where to read on.
///
/// The sentence has no capital and no full stop: it follows [`errno_text`] and a colon.
pub fn failure_reason(call: Call, errno: Errno, language: Language) -> &'static str {
    failure_text(call, errno).say(language)
}

/// The same in both languages.
pub(crate) fn failure_text(call: Call, errno: Errno) -> Text {
    let find = |deed: Deed| {
        FAILURES
            .iter()
            .find(|(known, number, _)| *known == deed && *number == errno)
            .map(|(_, _, text)| *text)
    };
    find(deed(call))
        .or_else(|| find(Deed::Any))
        .unwrap_or(NO_REASON)
}

/// The whole sentence for an error message: `connect to tcp://h:1: ECONNREFUSED (connection refused): nothing listens there; …`.
///
/// `address` is written as it is given; pass what is already canonical, or escape it with
/// [`escape_name`](crate::escape::escape_name).
pub fn failure_sentence(
    call: Call,
    address: Option<&dyn Display>,
    errno: Errno,
    language: Language,
) -> String {
    let error = errno_text(errno, language);
    let reason = failure_reason(call, errno, language);
    let link = link_word(call, language);
    match address {
        Some(address) => format!("{call}{link} {address}: {error}: {reason}"),
        None => format!("{call}: {error}: {reason}"),
    }
}

/// The preposition between a call and its address.
fn link_word(call: Call, language: Language) -> &'static str {
    match (deed(call), language) {
        (Deed::Connect | Deed::Send, Language::English) => " to",
        (Deed::Receive, Language::English) => " from",
        (Deed::Bind | Deed::Listen | Deed::Accept, Language::English) => " on",
        (Deed::Connect | Deed::Send, Language::Spanish) => " a",
        (Deed::Receive, Language::Spanish) => " de",
        (Deed::Bind | Deed::Listen | Deed::Accept, Language::Spanish) => " en",
        _ => "",
    }
}

#[cfg(test)]
pub(super) fn every_text() -> impl Iterator<Item = (String, Text)> {
    let meanings = MEANINGS
        .iter()
        .map(|(errno, text)| (errno.to_string(), *text));
    let failures = FAILURES
        .iter()
        .map(|(_, errno, text)| (format!("failure {errno}"), *text));
    meanings.chain(failures).chain([
        ("UNKNOWN".to_owned(), UNKNOWN),
        ("NO_REASON".to_owned(), NO_REASON),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_that_has_a_name_has_a_meaning() {
        for number in 1..200 {
            let errno = Errno(number);
            let known = errno_meaning(errno, Language::English) != UNKNOWN.english;
            assert_eq!(known, errno.name().is_some(), "{errno}");
        }
    }

    #[test]
    fn an_error_number_keeps_its_name_in_spanish() {
        assert_eq!(
            errno_text(Errno::ECONNREFUSED, Language::Spanish),
            "ECONNREFUSED (conexión rechazada)"
        );
        assert_eq!(errno_text(Errno(4095), Language::Spanish), "errno 4095");
    }

    #[test]
    fn the_same_error_means_something_else_for_another_call() {
        let connect = failure_reason(Call::Connect, Errno::ECONNREFUSED, Language::English);
        let recv = failure_reason(Call::RecvFrom, Errno::ECONNREFUSED, Language::English);
        assert!(connect.starts_with("nothing listens there"));
        assert!(recv.contains("earlier datagram"));
    }

    #[test]
    fn a_common_failure_says_what_to_try() {
        for (call, errnos) in [
            (
                Call::Connect,
                &[
                    Errno::ECONNREFUSED,
                    Errno::ETIMEDOUT,
                    Errno::EHOSTUNREACH,
                    Errno::ENETUNREACH,
                    Errno::EACCES,
                    Errno::EADDRNOTAVAIL,
                    Errno::ENOENT,
                    Errno::ENAMETOOLONG,
                ][..],
            ),
            (
                Call::Bind,
                &[
                    Errno::EADDRINUSE,
                    Errno::EACCES,
                    Errno::EADDRNOTAVAIL,
                    Errno::ENAMETOOLONG,
                ],
            ),
            (
                Call::Send,
                &[
                    Errno::EPIPE,
                    Errno::ECONNRESET,
                    Errno::EMSGSIZE,
                    Errno::ENOBUFS,
                    Errno::ECONNREFUSED,
                ],
            ),
            (Call::Recv, &[Errno::ECONNRESET, Errno::ECONNREFUSED]),
            (Call::Accept, &[Errno::EMFILE, Errno::ECONNABORTED]),
            (Call::Resolve, &[Errno::ENOENT, Errno::EAGAIN]),
        ] {
            for errno in errnos {
                assert_ne!(failure_text(call, *errno), NO_REASON, "{call} {errno}");
            }
        }
    }

    #[test]
    fn an_error_message_names_the_call_the_address_the_error_and_what_to_try() {
        let message = failure_sentence(
            Call::Connect,
            Some(&"tcp://localhost:1"),
            Errno::ECONNREFUSED,
            Language::Spanish,
        );
        assert!(message.starts_with(
            "connect a tcp://localhost:1: ECONNREFUSED (conexión rechazada): nadie escucha ahí;"
        ));
    }
}
