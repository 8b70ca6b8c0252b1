//! What `who` says, in English and Spanish.

use sockeye_view::texts;

texts! {
    PROTOCOL = "PROTO" | "PROTO";
    ADDRESS = "ADDRESS" | "DIRECCIÓN";
    PEER = "PEER" | "OTRO EXTREMO";
    STATE = "STATE" | "ESTADO";
    BOUND_TO = "BOUND TO" | "UNIDO A";
    PROCESS = "PROCESS" | "PROCESO";
    PEER_PROCESS = "PEER PROCESS" | "SU PROCESO";
    PID = "PID" | "PID";
    USER = "USER" | "USUARIO";
    AGE = "AGE" | "EDAD";
    QUEUE = "QUEUE" | "COLA";
    COMMAND = "COMMAND" | "ORDEN";
    RTT = "RTT" | "RTT";
    RESENT = "RESENT" | "REENVÍOS";
    QUEUED_BYTES = "IN/OUT" | "ENT/SAL";
    INTERFACE = "INTERFACE" | "INTERFAZ";
    MTU = "MTU" | "MTU";
    MAC = "MAC" | "MAC";
    SCOPE = "SCOPE" | "ALCANCE";
    UP = "up" | "activa";
    DOWN = "down" | "inactiva";
    NO_CARRIER = "no carrier" | "sin portadora";
    TENTATIVE = "{scope}, not yet usable" | "{scope}, aún no utilizable";

    LOOPBACK = "loopback" | "loopback";
    EVERY = "every" | "todas";
    EVERY_IPV4 = "every IPv4" | "todas IPv4";
    EVERY_IPV6 = "every IPv6" | "todas IPv6";
    MULTICAST = "multicast" | "multicast";
    ONE_ADDRESS = "address" | "dirección";
    FILE = "file" | "fichero";
    ABSTRACT = "abstract" | "abstracto";

    ON_LOOPBACK = "loopback only" | "solo loopback";
    ON_EVERY = "every interface, IPv4 and IPv6" | "todas las interfaces, IPv4 e IPv6";
    ON_EVERY_IPV4 = "every interface, IPv4" | "todas las interfaces, IPv4";
    ON_EVERY_IPV6 = "every interface, IPv6 only" | "todas las interfaces, solo IPv6";
    ON_EVERY_IPV6_OR_BOTH = "every interface, IPv6 and perhaps IPv4" | "todas las interfaces, IPv6 y quizá IPv4";
    ON_MULTICAST = "a multicast group" | "un grupo multicast";
    ON_ADDRESS_OF = "this address of {interface} only" | "solo esta dirección de {interface}";
    ON_ADDRESS = "this address only" | "solo esta dirección";
    ON_INTERFACE = "only through {interface}" | "solo por {interface}";

    PID_IS = "pid {pid}" | "pid {pid}";
    FD_IS = "fd {descriptors}" | "fd {descriptors}";
    STARTED = "started {age} ago" | "iniciado hace {age}";
    QUEUE_IS = "queue {waiting} of {most}" | "cola {waiting} de {most}";
    QUEUE_FULL = "queue {waiting} of {most}: full, new clients wait" | "cola {waiting} de {most}: llena, los nuevos esperan";
    QUEUE_HAS = "queue {waiting}" | "cola {waiting}";
    UNREAD = "{bytes} unread" | "{bytes} sin leer";
    UNREAD_DATAGRAMS = "datagrams not read, in {bytes} of kernel memory" | "datagramas sin leer, en {bytes} de memoria del núcleo";
    UNSENT_DATAGRAMS = "datagrams not sent, in {bytes} of kernel memory" | "datagramas sin enviar, en {bytes} de memoria del núcleo";
    UNSENT = "{bytes} not acknowledged" | "{bytes} sin confirmar";
    DROPPED = "{count} {count:datagram|datagrams} thrown away for want of room" | "{count} {count:datagrama tirado|datagramas tirados} por falta de sitio";
    NOT_LISTENING = "bound, has not called listen" | "con bind, no ha llamado a listen";
    QUEUED = "queued" | "en cola";
    NOT_ACCEPTED = "not accepted yet" | "aún sin accept";
    ALSO = "also" | "también";
    CONNECTIONS_ARE = "connections: {states}" | "conexiones: {states}";
    IN_STATE = "{count} {state}" | "{count} {state}";
    MORE = "… and {count} more: {line}" | "… y {count} más: {line}";
    RESTING = "{protocol}  {address}  no process: {count} {count:connection rests|connections rest} in TIME_WAIT, the last for {rest} more; bind needs reuseaddr" | "{protocol}  {address}  sin proceso: {count:reposa|reposan} {count} {count:conexión|conexiones} en TIME_WAIT, la última aún {rest}; bind necesita reuseaddr";
    NO_PROCESS = "no process: the kernel finishes it" | "sin proceso: la termina el núcleo";
    UNSEEN = "no process that can be seen" | "ningún proceso visible";
    HIDDEN = "a process that this user may not look into" | "un proceso que este usuario no puede mirar";
    USER_IS = "user {user}" | "usuario {user}";

    NOBODY = "nobody holds {what} on this machine" | "nadie tiene {what} en esta máquina";
    NOBODY_SEEN = "nobody holds {what} on this machine, as far as /proc/net tells" | "nadie tiene {what} en esta máquina, hasta donde dice /proc/net";
    PORT_IS = "port {port}" | "el puerto {port}";
    SERVICE_IS = "{name} ({ports})" | "{name} ({ports})";
    NO_SERVICE = "no service is called {what}; try its number" | "ningún servicio se llama {what}; prueba con su número";
    NO_SERVICE_NEAR = "no service is called {what}; close to it: {near}" | "ningún servicio se llama {what}; se parecen: {near}";
    NOTHING_LISTENS = "nothing on this machine waits for others" | "nada en esta máquina espera a otros";
    NOT_CONNECTED = "nothing on this machine is connected" | "nada en esta máquina está conectado";
    NOTE_HIDDEN = "?: this user may not look into all processes; as root: {line}" | "?: este usuario no puede mirar en todos los procesos; como root: {line}";
    NOTE_UNSEEN = "-: no process that can be seen here; the kernel's own, or of another container" | "-: ningún proceso visible aquí; es del núcleo o de otro contenedor";
    NOTE_PROC = "netlink cannot be asked here ({error}); /proc/net was read, which tells neither backlogs, round-trip times, IPV6_V6ONLY nor sockets that are bound and do not listen" | "aquí no se puede preguntar por netlink ({error}); se leyó /proc/net, que no dice backlogs, tiempos de ida y vuelta, IPV6_V6ONLY ni sockets con bind que no escuchan";
    NOTE_NO_IPV4 = "netlink cannot be asked here ({error}); which interface has which IPv4 address is not known" | "aquí no se puede preguntar por netlink ({error}); no se sabe qué interfaz tiene qué dirección IPv4";
    NOTE_MORE_UNIX = "and {count} more UNIX {count:socket|sockets}: {line}" | "y {count} {count:socket|sockets} UNIX más: {line}";
    FAILED = "the sockets of this machine cannot be listed: {error}" | "no se pueden listar los sockets de esta máquina: {error}";
    NO_TERMINAL = "--watch draws on a terminal, and stdout or stdin is none; without it the table is printed once" | "--watch dibuja en una terminal, y stdout o stdin no lo es; sin él la tabla se imprime una vez";
    WATCHING = "{line}   every second; q ends" | "{line}   cada segundo; q termina";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn what_is_bound_is_never_said_to_be_who_can_connect() {
        for (name, text) in ALL {
            for word in ["can connect", "reachable", "pueden conectar", "accesible"] {
                let said = text.english.contains(word) || text.spanish.contains(word);
                assert!(!said, "{name}: {word}");
            }
        }
    }
}
