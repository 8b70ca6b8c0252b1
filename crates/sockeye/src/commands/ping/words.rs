//! What `ping` says, in English and Spanish.

use sockeye_view::texts;

texts! {
    ECHO = "{took}{from}, ttl {ttl}" | "{took}{from}, ttl {ttl}";
    ECHO_PLAIN = "{took}{from}" | "{took}{from}";
    CHANGED = "; the data came back changed" | "; los datos volvieron cambiados";
    CONNECTED = "{took}connected to {from}" | "{took}conectado a {from}";
    PONG = "{took}pong from {from}" | "{took}pong de {from}";
    DATAGRAM = "{took}{bytes} from {from}" | "{took}{bytes} de {from}";
    PORT_CLOSED = "{took}port unreachable, says {from}: the host is there, the port is closed" | "{took}puerto inalcanzable, dice {from}: la máquina está, el puerto está cerrado";
    REFUSED = "{took}refused by {from}: the host is there, the port is closed" | "{took}rechazado por {from}: la máquina está, el puerto está cerrado";
    UNDELIVERED = "{took}{why}, says {from}" | "{took}{why}, dice {from}";
    UNDELIVERED_PLAIN = "{took}{why}" | "{took}{why}";
    LATE = "{answer}; too late, after {time}" | "{answer}; demasiado tarde, pasados {time}";
    AGAIN = "{answer}; once more, it was answered already" | "{answer}; otra vez, ya se había contestado";
    LOST = "no answer within {time}" | "sin respuesta en {time}";

    NO_ROUTE = "network unreachable" | "red inalcanzable";
    HOST_UNREACHABLE = "host unreachable" | "máquina inalcanzable";
    PROTOCOL_UNREACHABLE = "protocol unreachable" | "protocolo inalcanzable";
    PORT_UNREACHABLE = "port unreachable" | "puerto inalcanzable";
    TOO_BIG = "packet too big" | "paquete demasiado grande";
    TOO_BIG_FOR = "packet too big for a link of MTU {mtu}" | "paquete demasiado grande para un enlace de MTU {mtu}";
    PROHIBITED = "administratively prohibited" | "prohibido por el administrador";
    TIME_EXCEEDED = "time exceeded: more routers than its TTL allows" | "tiempo excedido: más encaminadores de los que su TTL permite";
    REASSEMBLY = "time exceeded: not all fragments came" | "tiempo excedido: no llegaron todos los fragmentos";
    PARAMETER = "parameter problem" | "problema de parámetros";
    UNREACHABLE = "destination unreachable, code {code}" | "destino inalcanzable, código {code}";

    BY_DATAGRAM = "{target}: ICMP echo to {address}, {bytes} of data, over a datagram socket of ICMP" | "{target}: eco ICMP a {address}, {bytes} de datos, con un socket de datagramas ICMP";
    BY_RAW = "{target}: ICMP echo to {address}, {bytes} of data, over a raw socket: this group is not in net.ipv4.ping_group_range" | "{target}: eco ICMP a {address}, {bytes} de datos, con un socket raw: este grupo no está en net.ipv4.ping_group_range";
    BY_TCP = "{target}: TCP connects to {address}, each closed at once" | "{target}: conexiones TCP a {address}, cerradas en cuanto existen";
    BY_UNIX = "{target}: connects to {address}, each closed at once" | "{target}: conexiones a {address}, cerradas en cuanto existen";
    BY_LAYERED = "{target}: connects to {address} with every handshake, each closed at once" | "{target}: conexiones a {address} con todas sus negociaciones, cerradas en cuanto existen";
    BY_WEBSOCKET = "{target}: WebSocket pings over one connection to {address}" | "{target}: pings de WebSocket por una conexión a {address}";
    BY_UDP = "{target}: datagrams of {bytes} to {address}, each from a port of its own" | "{target}: datagramas de {bytes} a {address}, cada uno desde un puerto propio";

    TARGET = "TARGET" | "DESTINO";
    SENT = "SENT" | "ENVIADOS";
    ANSWERED = "ANSWERED" | "CONTESTADOS";
    LOST_SHARE = "LOST" | "PERDIDOS";
    LEAST = "MIN" | "MÍN";
    MEDIAN = "MEDIAN" | "MEDIANA";
    P99 = "P99" | "P99";
    GREATEST = "MAX" | "MÁX";
    SPREAD = "MIN-TO-MAX" | "DE-MÍN-A-MÁX";

    NOTE = "{target}: {counts}" | "{target}: {counts}";
    COUNT_LATE = "{count} too late" | "{count} demasiado tarde";
    COUNT_AGAIN = "{count} twice" | "repetidos: {count}";
    COUNT_CHANGED = "{count} with changed data" | "{count} con datos cambiados";
    COUNT_REFUSED = "{count} refused" | "rechazados: {count}";
    COUNT_UNDELIVERED = "{count} not delivered" | "no entregados: {count}";
    COUNT_FAILED = "{count} failed" | "fallidos: {count}";
    COUNT_WAITING = "{count} still without an answer at the end" | "{count} aún sin respuesta al final";
    UDP_SILENCE = "UDP cannot tell silence from loss: a probe without an answer may have been lost, filtered, or taken by a service that says nothing" | "UDP no distingue silencio de pérdida: una sonda sin respuesta pudo perderse, filtrarse o llegar a un servicio que no contesta";

    NEVER = "{target}: none of {sent} answered" | "{target}: ninguno de {sent} contestado";
    NEVER_LAST = "{target}: none of {sent} answered; the last one: {last}" | "{target}: ninguno de {sent} contestado; el último: {last}";
    NEVER_SENT = "{target}: stopped before anything was sent" | "{target}: detenido antes de enviar nada";
}
