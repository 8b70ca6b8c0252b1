//! What happened: the facts that narration and diagram show, and the summary.

crate::texts! {
    // Headings.
    TIME = "time" | "t";
    WHAT = "what" | "qué";
    WHY = "why" | "por qué";
    SERVER = "server" | "servidor";
    CLIENT = "client" | "cliente";
    THIS_END = "this end" | "este lado";
    OTHER_END = "the other end" | "el otro lado";

    // Names of lines that are no call of the sockets API.
    RESOLVE = "resolve" | "resolver";
    WAS_OPEN = "was open" | "ya abierto";
    LISTENS = "listens" | "escucha";
    IS_CONNECTED = "connected" | "conectado";
    YOUR_END = "your end" | "tu lado";
    PEER_END = "other end" | "el otro";
    PLAN = "plan" | "plan";
    START = "start" | "arranca";
    EXIT = "exit" | "termina";
    NOTE = "note" | "nota";
    QUEUES = "queues" | "colas";
    RUNTIME = "runtime" | "entorno";
    DESCRIPTOR = "descriptor {number}" | "descriptor {number}";
    INHERITED = "given to the program when it was started: descriptor {number}" | "dado al programa al arrancar: descriptor {number}";
    FOUND = "was open when tracing began: descriptor {number}" | "estaba abierto al empezar a trazar: descriptor {number}";
    PASSED = "came from another process: descriptor {number}" | "llegó de otro proceso: descriptor {number}";
    SINCE_TRACED = "{moved} since tracing began" | "{moved} desde que se traza";
    BEHIND = "behind {poll}" | "tras {poll}";
    BEHIND_AT_MOST = "behind {poll}, {time} at most" | "tras {poll}, {time} como mucho";
    BEHIND_WITH_OTHERS = "or something else, behind {poll}" | "o a otra cosa, tras {poll}";
    WAITS_FOR_ANY = "waits for any of {count} sockets" | "espera a cualquiera de {count} sockets";
    PAIRED = "its other end is {with}" | "su otro extremo es {with}";
    ASKED_ANY_PORT = "the system chose the port: bind asked for 0" | "el puerto lo eligió el sistema: bind pidió el 0";
    THREADS = "the process has several threads" | "el proceso tiene varios hilos";
    FORKED = "pid {child} is born, with the same sockets" | "nace pid {child}, con los mismos sockets";
    QUEUED_DATA = "{unread} not yet received, {unsent} not yet taken" | "{unread} aún sin recibir, {unsent} aún sin recoger";
    QUEUED_ACCEPT = "{waiting} {waiting:waits|wait} for accept, backlog {backlog}" | "{waiting} {waiting:espera|esperan} a accept, cola de {backlog}";
    QUEUED_DROPPED = "{messages} {messages:message|messages} thrown away here: buffer of {buffer} full" | "{messages} {messages:mensaje tirado|mensajes tirados} aquí: búfer de {buffer} lleno";
    RUNTIME_RESOLVER = "sockets of the resolver: {count}" | "sockets del resolutor: {count}";
    RUNTIME_NAME_CACHE = "sockets that ask the cache of names (nscd): {count}" | "sockets que preguntan a la caché de nombres (nscd): {count}";
    RUNTIME_INTERFACES = "sockets that ask the kernel for its addresses: {count}" | "sockets que preguntan al núcleo por sus direcciones: {count}";
    RUNTIME_WAKE_UP = "sockets by which the event loop wakes itself: {count}" | "sockets con los que el bucle de eventos se despierta: {count}";
    BLIND_IO_URING = "the program uses io_uring: what it does that way can't be seen" | "el programa usa io_uring: lo que hace así no puede verse";
    BLIND_FOREIGN_CALLS = "32-bit system calls are let through and not seen" | "las llamadas al sistema de 32 bits pasan sin verse";
    BLIND_PRIVILEGED = "the program has privileges of its own (setuid or capabilities): traced, it runs without them" | "el programa tiene privilegios propios (setuid o capacidades): trazado, se ejecuta sin ellos";
    BLIND_TRACER = "the program is itself a tracer: a process has one tracer at most, so it can't work the same here" | "el programa es a su vez un trazador: un proceso tiene como mucho uno, así que aquí no puede funcionar igual";
    LAYER = "handshake" | "saludo";
    AGREED = "agreed" | "acordado";

    // What a handshake agrees on.
    SUITE = "suite" | "cifrado";
    GROUP = "group" | "grupo";
    ALPN = "ALPN" | "ALPN";
    SERVER_NAME = "name" | "nombre";
    CHAIN = "chain" | "cadena";
    EXPIRES = "expires" | "caduca";
    IN_DAYS = "in {days} days" | "en {days} días";
    IN_A_DAY = "in 1 day" | "en 1 día";
    RESUMED = "resumed" | "reanudada";
    YES = "yes" | "sí";
    PATH = "path" | "ruta";
    SUBPROTOCOL = "subprotocol" | "subprotocolo";
    EXTENSIONS = "extensions" | "extensión";
    BENEATH = "{bytes} beneath" | "{bytes} por debajo";

    // What a socket is.
    TCP4 = "TCP over IPv4" | "TCP sobre IPv4";
    TCP6 = "TCP over IPv6" | "TCP sobre IPv6";
    UDP4 = "UDP over IPv4" | "UDP sobre IPv4";
    UDP6 = "UDP over IPv6" | "UDP sobre IPv6";
    UNIX_STREAM = "UNIX stream" | "UNIX de flujo";
    UNIX_DATAGRAM = "UNIX datagram" | "UNIX de datagramas";
    UNIX_SEQPACKET = "UNIX seqpacket" | "UNIX seqpacket";
    RAW = "raw over {family}, protocol {protocol}" | "raw sobre {family}, protocolo {protocol}";
    ICMP = "ICMP echo over {family}" | "eco ICMP sobre {family}";
    OTHER_SOCKET = "{family}, {kind}, protocol {protocol}" | "{family}, {kind}, protocolo {protocol}";

    // What it did.
    SEVERAL = "{name} = {count} addresses: {addresses}" | "{name} = {count} direcciones: {addresses}";
    NO_ADDRESS = "{name} has no address" | "{name} no tiene ninguna dirección";
    AND_MORE = "and {count} more" | "y {count} más";
    QUEUE = "{address}, queue of {backlog}" | "{address}, cola de {backlog}";
    QUEUE_ONLY = "queue of {backlog}" | "cola de {backlog}";
    PORT_CHOSEN = "{address} (port chosen by the system)" | "{address} (puerto elegido por el sistema)";
    BORN = "{new} is born: {peer}" | "nace {new}: {peer}";
    BORN_SHORT = "{new} is born" | "nace {new}";
    IS_BORN = "born" | "nace";
    NOT_READ = "{unread} NOT READ" | "{unread} SIN LEER";
    NOT_READ_RESET = "{unread} NOT READ: RST (reset)" | "{unread} SIN LEER: RST (reinicio)";
    ABOUT_CALL = "{call} at {time} s:" | "{call} en {time} s:";
    MOVED_RESET = "{moved}: RST (reset)" | "{moved}: RST (reinicio)";
    WITH_THE_PROCESS = "with its process" | "con su proceso";
    SESSION = "{new} stands for {peer}" | "{new} representa a {peer}";
    SOMEBODY = "a client without a name" | "un cliente sin nombre";
    WAITED = "waited {time}" | "esperó {time}";
    TIMED_OUT = "nothing was ready within {time}" | "nada estuvo listo en {time}";
    WAITING = "waiting" | "esperando";
    WAITING_FOR_CLIENT = "waiting for a client" | "esperando a un cliente";
    WAITING_FOR_MESSAGE = "waiting for a message" | "esperando un mensaje";
    WAITING_FOR_PEER = "waiting for the other side" | "esperando al otro lado";
    WAITING_TO_SEND = "waiting: the reader is slow" | "esperando: el lector va lento";
    WAITING_FOR_BUFFER = "waiting for room in the buffer" | "esperando sitio en el búfer";
    WAITING_FOR_ANSWER = "waiting for an answer" | "esperando respuesta";
    AFTER = "after {time}" | "a los {time}";
    AFTER_SEND = "{time} after its send" | "{time} tras su send";
    OF_ASKED = "{sent} of {asked}" | "{sent} de {asked}";
    TO = "to {peer}" | "a {peer}";
    FROM = "from {peer}" | "de {peer}";
    EMPTY = "0 B, an empty message" | "0 B, un mensaje vacío";
    MANY_SENDS = "{count} sends, {bytes}" | "{count} send, {bytes}";
    MANY_RECVS = "{count} recvs, {bytes}" | "{count} recv, {bytes}";
    CUT = "{got} of a message of {whole}: {lost} {lost:is|are} gone" | "{got} de un mensaje de {whole}: {lost} {lost:perdido|perdidos}";
    CUT_SHORT = "{got} of {whole}: CUT" | "{got} de {whole}: CORTADO";
    LISTENS_NO_MORE = "nobody can connect any more" | "ya nadie puede conectar";
    SEND_NO_MORE = "\"I will send no more\"" | "\"ya no enviaré más\"";
    SEND_NO_MORE_FIN = "\"I will send no more\" (FIN)" | "\"ya no enviaré más\" (FIN)";
    THE_END = "0 B = the end" | "0 B = fin";
    RESTS = "port {port} rests ~60 s (TIME_WAIT)" | "el puerto {port} reposa ~60 s (TIME_WAIT)";
    RESTS_SHORT = "rests in TIME_WAIT, ~60 s" | "reposa en TIME_WAIT, ~60 s";
    MOVED = "{sent} sent, {received} received" | "{sent} {sent:enviado|enviados}, {received} {received:recibido|recibidos}";
    NOTHING_MOVED = "nothing sent, nothing received" | "nada enviado, nada recibido";
    NO_MORE_CLIENTS = "the listener is gone" | "ya no escucha";
    AFTER_BYTES = "after {bytes} received" | "tras recibir {bytes}";
    HELD_BY = "{address} is held by {name}, pid {pid}" | "{address} lo tiene {name}, pid {pid}";
    HELD_UNSEEN = "{address} is held by a process that can't be seen from here" | "{address} lo tiene un proceso que desde aquí no se ve";
    HELD_RESTING = "{address} is held by nobody: {count} old {count:connection rests|connections rest} in TIME_WAIT" | "{address} no lo tiene nadie: {count:reposa|reposan} {count} {count:conexión antigua|conexiones antiguas} en TIME_WAIT";
    LEFT_BEHIND = "{address} is a file that no socket holds: an earlier run left it" | "{address} es un fichero que ningún socket tiene: lo dejó una ejecución anterior";
    NEARBY = "something listens on {protocol} {address}" | "algo escucha en {protocol} {address}";
    EXPIRED = "session of {peer} ended after {time} of silence" | "la sesión de {peer} acabó tras {time} de silencio";
    DROPPED = "not passed on: {count} messages" | "no se pasaron: {count} mensajes";
    DROPPED_ONE = "not passed on: 1 message" | "no se pasó: 1 mensaje";
    PROCESS_ENDED = "pid {pid} ended with {code}" | "pid {pid} terminó con {code}";
    PROCESS_KILLED = "pid {pid} was killed by {signal}" | "a pid {pid} lo mató {signal}";
    UNSHOWN = "{count} {count:event is|events are} not shown" | "{count} {count:suceso no se muestra|sucesos no se muestran}";

    // On arrows.
    CONNECTION = "connection" | "conexión";
    FIN = "FIN" | "FIN";
    END = "end" | "fin";
    RST = "RST (reset)" | "RST (reinicio)";
    REFUSED = "refused" | "rechazado";
    UNREACHABLE = "port unreachable" | "puerto inalcanzable";

    // The summary.
    SUM_BYTES = "{sent} sent, {received} received" | "{sent} {sent:enviado|enviados}, {received} {received:recibido|recibidos}";
    SUM_MESSAGES = "messages: {sends} sent ({sent}), {receives} received ({received})" | "mensajes: {sends} {sends:enviado|enviados} ({sent}), {receives} {receives:recibido|recibidos} ({received})";
    SUM_LOSS = "lost on the way: can't be known" | "perdidos por el camino: no se puede saber";
    SUM_CUT = "{count} messages cut" | "{count} mensajes cortados";
    SUM_CUT_ONE = "1 message cut" | "1 mensaje cortado";
    SUM_ANSWER = "answer after {time}" | "respuesta a los {time}";
    SUM_ANSWERS = "answers after {time} (median)" | "respuestas a los {time} (mediana)";
    SUM_RTT = "RTT {time} (the kernel's smoothed)" | "RTT {time} (suavizado por el núcleo)";
    SUM_RTT_RANGE = "RTT {least} to {most} (the kernel's smoothed)" | "RTT de {least} a {most} (suavizado por el núcleo)";
    SUM_RETRANSMITTED = "{count} retransmitted" | "{count} {count:retransmitido|retransmitidos}";
    SUM_SEGMENTS = "{out} {out:segment|segments} out and {in} in" | "{out} {out:segmento enviado|segmentos enviados} y {in} {in:recibido|recibidos}";
    SUM_MSS = "MSS {bytes}" | "MSS {bytes}";
    SUM_CONVERSATIONS = "{count} {count:conversation|conversations}" | "{count} {count:conversación|conversaciones}";
    SUM_FAILED = "{count} failed" | "{count} fallidas";
    SUM_FAILED_ONE = "1 failed" | "1 fallida";
    SUM_NO_CONVERSATION = "no conversation" | "ninguna conversación";
    SUM_PEERS = "{count} {count:peer|peers}" | "{count} {count:interlocutor|interlocutores}";
    SUM_NOTHING_WRONG = "nothing to correct" | "nada que corregir";
    SUM_UNSHOWN = "{count} {count:event|events} not shown" | "{count} {count:suceso no mostrado|sucesos no mostrados}";
}
