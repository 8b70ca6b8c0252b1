//! Why: one sentence a concept, said once a session beside the first fact it explains.

use sockeye_model::{DropReason, Source};

use super::{Text, narration};

crate::texts! {
    // Birth and configuration.
    SOCKET = "a handle in this program; nothing sent yet"
           | "un identificador en este programa; aún no ha salido nada";
    FOUND = "it was open when tracing began; what it sent and received before is not known"
          | "estaba abierto al empezar a trazar; no se sabe lo que envió y recibió antes";
    INHERITED = "whoever started the program gave it this socket"
              | "quien arrancó el programa le dio este socket";
    UNIX_SOCKET = "stays inside this machine: it has no IP address and no port"
                | "no sale de esta máquina: no tiene dirección IP ni puerto";
    RAW_SOCKET = "packets of one IP protocol, no ports; the system asks for a privilege (CAP_NET_RAW)"
               | "paquetes de un protocolo IP, sin puertos; el sistema pide un privilegio (CAP_NET_RAW)";
    ICMP_SOCKET = "echo requests without privilege, where the system allows it (ping_group_range)"
                | "peticiones de eco sin privilegios, donde el sistema lo permite (ping_group_range)";
    REUSEADDR = "so a restart can bind although old connections still rest in TIME_WAIT"
              | "así se puede rearrancar aunque queden conexiones reposando en TIME_WAIT";
    REUSEPORT = "several sockets may share this port; the kernel deals out what arrives among them"
              | "varios sockets pueden compartir este puerto; el núcleo reparte lo que llega";
    NODELAY = "small pieces leave at once, without waiting for the previous one to be acknowledged"
            | "los trozos pequeños salen enseguida, sin esperar la confirmación del anterior";
    V6ONLY = "this socket is for IPv6 only; IPv4 gets one of its own"
           | "este socket es solo para IPv6; IPv4 tiene el suyo";
    V6ONLY_OFF = "IPv4 comes to this socket too; its addresses then look like ::ffff:192.0.2.1"
               | "IPv4 también llega a este socket; sus direcciones son entonces como ::ffff:192.0.2.1";
    SHUTDOWN_LISTENER = "an accept() that waits in another thread comes back with EINVAL"
                      | "un accept() que espera en otro hilo vuelve con EINVAL";
    BROADCAST = "without it, sending to a broadcast address gives EACCES"
              | "sin ella, enviar a una dirección de difusión da EACCES";
    KEEPALIVE = "the kernel asks a long-silent peer whether it is still there"
              | "el núcleo pregunta a quien lleva mucho callado si sigue ahí";
    LINGER = "decides what close does with bytes that were not acknowledged yet"
           | "decide qué hace close con los bytes aún no confirmados";
    BUFFER = "the kernel doubles the figure to have room for its own bookkeeping"
           | "el núcleo duplica la cifra para tener sitio para su propia contabilidad";
    PKTINFO = "each message will say which of our addresses it was sent to"
            | "cada mensaje dirá a cuál de nuestras direcciones llegó";
    MEMBERSHIP = "tells the network that this machine wants the group's messages"
               | "avisa a la red de que esta máquina quiere los mensajes del grupo";

    // Names.
    HOSTS_FILE = "found in /etc/hosts; DNS was not asked"
               | "está en /etc/hosts; no se ha preguntado al DNS";
    LITERAL = "an address already: nobody had to be asked"
            | "ya es una dirección: no hay que preguntar a nadie";
    SYSTEM_RESOLVER = "the system's resolver answered; whom it asked in turn can't be seen from here"
                    | "respondió el sistema; a quién preguntó él no se ve desde aquí";
    SEVERAL_ADDRESSES = "several addresses: they are tried in this order"
                      | "varias direcciones: se prueban en este orden";

    // bind, listen, accept.
    BOUND_LOOPBACK = "only programs on this machine can reach it"
                   | "solo pueden llegar programas de esta máquina";
    BOUND_ANY = "all addresses of this machine; a firewall may still stop others"
              | "todas las direcciones de esta máquina; un cortafuegos aún puede frenar a otros";
    BOUND_ONE = "this one address of the machine"
              | "esta única dirección de la máquina";
    BOUND_PATH = "a file appears at this path: a name to find the socket by; no data is stored in it"
               | "aparece un fichero en esa ruta: un nombre para encontrar el socket; no guarda datos";
    BOUND_ABSTRACT = "a name outside the file system; it goes when its socket goes"
                   | "un nombre fuera del sistema de ficheros; desaparece con su socket";
    UDP_NO_LISTEN = "no listen(), no accept(): UDP has no connections; one socket hears everybody"
                  | "ni listen() ni accept(): en UDP no hay conexiones; un solo socket los oye a todos";
    DATAGRAM_NO_LISTEN = "no listen(), no accept(): one socket hears everybody"
                       | "ni listen() ni accept(): un solo socket los oye a todos";
    LISTEN = "returns at once: from now on the kernel answers handshakes for you"
           | "vuelve enseguida: desde ahora el núcleo atiende los saludos por ti";
    LISTEN_UNIX = "returns at once: from now on clients can connect, even before accept"
                | "vuelve enseguida: desde ahora pueden conectar clientes, incluso antes de accept";
    ACCEPT = "{new} is a new socket on the SAME port; {listener} keeps listening"
           | "{new} es un socket nuevo en el MISMO puerto; {listener} sigue escuchando";
    ACCEPT_UNIX = "{new} is a new socket; {listener} keeps listening"
                | "{new} es un socket nuevo; {listener} sigue escuchando";
    UDP_SESSION = "no connection: {new} only stands for this sender's address"
                | "no hay conexión: {new} solo representa la dirección de este remitente";
    ACCEPT_WAIT = "nothing is wrong: no client has come yet"
                | "no pasa nada malo: aún no ha venido ningún cliente";
    ACCEPT_TRY = "nothing is wrong: no client has come yet; try: {command}"
               | "no pasa nada malo: aún no ha venido ningún cliente; prueba: {command}";

    // connect.
    HANDSHAKE = "handshake SYN, SYN+ACK, ACK: done by the two kernels, before any accept()"
              | "saludo SYN, SYN+ACK, ACK: lo hacen los dos núcleos, antes de cualquier accept()";
    UDP_CONNECT = "nothing was sent: the address is remembered, and others are not heard any more"
                | "no ha salido nada: se recuerda la dirección, y ya no se oye a otros";
    UNIX_CONNECT = "inside this machine: the kernel joins the two ends, no packets"
                 | "dentro de esta máquina: el núcleo une los dos extremos, sin paquetes";
    CONNECT_WAIT = "no answer yet: a closed port would say no at once"
                 | "aún no hay respuesta: un puerto cerrado diría que no enseguida";
    UNIX_CONNECT_WAIT = "the listener's queue is full: it must accept first"
                      | "la cola de quien escucha está llena: antes tiene que hacer accept";

    // Layers above a socket.
    TLS = "both ends now share keys that nobody who listens can know: from here on the bytes on the wire are encrypted"
        | "los dos extremos comparten claves que quien escuche no puede saber: desde aquí lo que viaja va cifrado";
    WEBSOCKET = "an HTTP request asked to change the protocol and got 101: from here on each side sends whole messages"
              | "una petición HTTP pidió cambiar de protocolo y recibió 101: desde aquí cada lado envía mensajes enteros";
    SUITE = "how the data is encrypted and protected against change"
          | "cómo se cifran los datos y se protegen de cambios";
    GROUP = "how both came to one secret without sending it"
          | "cómo llegaron los dos a un mismo secreto sin enviarlo";
    ALPN = "what will be spoken inside: the client offers, the server chooses"
         | "qué se hablará dentro: el cliente ofrece, el servidor elige";
    SERVER_NAME = "the server that the client asks for: its certificate must be for this name"
                | "el servidor por el que pregunta el cliente: su certificado debe ser para este nombre";
    CHAIN = "the certificate, and who vouches for it"
          | "el certificado, y quién responde por él";
    EXPIRES = "after that the certificate is refused"
            | "después el certificado ya no se acepta";
    RESUMED = "\"yes\" would mean: keys from an earlier connection, and no certificate shown again"
            | "\"sí\" sería: con claves de una conexión anterior, sin mostrar otra vez el certificado";
    PATH = "which of the server's services: from the HTTP request"
         | "cuál de los servicios del servidor: está en la petición HTTP";
    SUBPROTOCOL = "what the messages mean: the client offers, the server chooses"
                | "qué significan los mensajes: el cliente ofrece, el servidor elige";
    EXTENSIONS = "what both add to the protocol: permessage-deflate compresses each message"
               | "lo que ambos añaden al protocolo: permessage-deflate comprime cada mensaje";
    BENEATH = "the layer's own bytes, as they travel"
            | "los bytes de la capa, tal como viajan";

    // send.
    SEND = "copied to your kernel; says nothing about the reader"
         | "copiados a tu núcleo; no dice que alguien los haya leído";
    SEND_PART = "the kernel took only a part; the program must send the rest (sendall loops)"
              | "el núcleo solo tomó una parte; el programa debe enviar el resto (sendall lo hace)";
    SEND_WAIT = "your send waits: the reader is slow, and the buffers of both kernels are full"
              | "tu send espera: el lector va lento y los búferes de los dos núcleos están llenos";
    CLOSE_WAITS = "SO_LINGER: close waits until the other kernel has all that was sent"
                | "SO_LINGER: close espera hasta que el otro núcleo tenga todo lo enviado";
    UDP_SEND_WAIT = "your send waits: your kernel's buffer is full"
                  | "tu send espera: el búfer de tu núcleo está lleno";
    UNIX_SEND_WAIT = "your send waits: the reader is slow, and its queue is full"
                   | "tu send espera: el lector va lento y su cola está llena";
    UDP_SEND = "one message of its own; silence and loss can't be told apart from here"
             | "un mensaje por sí solo; desde aquí no se distingue silencio de pérdida";
    MESSAGE_SEND = "one message, whole, put in the reader's queue"
                 | "un mensaje, entero, puesto en la cola del lector";
    UDP_REPLY = "that address is all you have to answer with"
              | "esa dirección es lo único que tienes para responder";
    EMPTY_MESSAGE = "an empty message is data, not an end"
                  | "un mensaje vacío es un dato, no un fin";

    // recv.
    RECV_ONE_PIECE = "in one piece this time; TCP does not promise it"
                   | "esta vez de una pieza; TCP no lo promete";
    RECV_ONE_PIECE_UNIX = "in one piece this time; a stream does not promise it"
                        | "esta vez de una pieza; un flujo no lo promete";
    RECV_STREAM = "recv gives what is there, from 1 B up to its room; a stream has no messages"
                | "recv da lo que hay, desde 1 B hasta lo que cabe; un flujo no tiene mensajes";
    RECV_FILLED = "it filled your room for {room}: there may be more"
                | "llenó tu sitio para {room}: puede haber más";
    RECV_JOINED = "{sends} sends, 1 recv: TCP keeps bytes, not messages"
                | "{sends} send, 1 recv: TCP guarda bytes, no mensajes";
    RECV_JOINED_UNIX = "{sends} sends, 1 recv: a stream keeps bytes, not messages"
                     | "{sends} send, 1 recv: un flujo guarda bytes, no mensajes";
    RECV_WAIT = "the other side has not spoken; neither side has to speak first"
              | "el otro lado no ha hablado; ninguno está obligado a hablar primero";
    MORE_WAIT = "nothing is wrong: the other side has nothing to say now"
              | "no pasa nada malo: el otro lado no tiene ahora nada que decir";
    ANSWER_WAIT = "the other side may be at work, or waiting for more from you"
                | "el otro lado puede estar trabajando, o esperando más de ti";
    UDP_RECV = "one message, whole, with its sender's address: you answer to that"
             | "un mensaje, entero, con la dirección del remitente: a esa respondes";
    UDP_RECV_CONNECTED = "one message, whole; TCP would not keep its limits"
                       | "un mensaje, entero; TCP no conservaría sus límites";
    MESSAGE_RECV = "one message, whole, as it was sent"
                 | "un mensaje, entero, tal como se envió";
    UDP_NEW_SENDER = "new sender, same socket"
                   | "otro remitente, el mismo socket";
    UDP_RECV_WAIT = "waits for a message from anybody: there is no connection to accept"
                  | "espera un mensaje de quien sea: no hay conexión que aceptar";
    UDP_RECV_TRY = "waits for a message from anybody: there is no connection to accept; try: {command}"
                 | "espera un mensaje de quien sea: no hay conexión que aceptar; prueba: {command}";
    UDP_REPLY_WAIT = "no answer yet; UDP can't tell a lost message from a silent peer"
                   | "aún no hay respuesta; UDP no distingue un mensaje perdido de un silencio";
    MESSAGE_RECV_WAIT = "waits for a message from anybody"
                      | "espera un mensaje de quien sea";
    TRUNCATED = "a message that does not fit is cut, and the rest never comes: make room for the largest"
              | "un mensaje que no cabe se corta, y el resto no llega nunca: deja sitio para el mayor";

    // The end.
    HALF_CLOSE = "you can still receive: each direction closes alone"
               | "aún puedes recibir: cada sentido se cierra por separado";
    UDP_HALF_CLOSE = "nothing goes to the other side: UDP has no end to announce"
                   | "al otro lado no le llega nada: UDP no tiene fin que anunciar";
    PEER_HALF_CLOSE = "the other side will send no more; you still can; 0 B is never a message"
                    | "el otro lado no enviará más; tú aún puedes; 0 B nunca es un mensaje";
    PEER_CLOSED_TOO = "the other side has finished too; 0 B is never a message"
                    | "el otro lado también ha terminado; 0 B nunca es un mensaje";
    MESSAGES_OVER = "the other side will send no more; an empty message is something else"
                  | "el otro lado no enviará más; un mensaje vacío es otra cosa";
    MESSAGES_OVER_TOO = "the other side has finished too; an empty message is something else"
                      | "el otro lado también ha terminado; un mensaje vacío es otra cosa";
    TIME_WAIT_CLIENT = "because you closed first; harmless for a client"
                     | "porque cerraste tú primero; no molesta a un cliente";
    TIME_WAIT_SERVER = "because this side closed first; a server that restarts needs SO_REUSEADDR"
                     | "porque este lado cerró primero; un servidor que rearranca necesita SO_REUSEADDR";
    TIME_WAIT_REUSED = "because this side closed first; SO_REUSEADDR is set, so a restart can bind all the same"
                     | "porque este lado cerró primero; SO_REUSEADDR está puesto: al rearrancar, bind() funcionará igual";
    CLOSE_AFTER_RESET = "the connection was gone already, by RST: no FIN is sent, and nothing rests in TIME_WAIT"
                      | "la conexión ya no existía, por el RST: no se envía FIN ni queda nada en TIME_WAIT";
    CLOSE_LINGER = "SO_LINGER with 0 s: the connection is thrown away; TCP sends RST, not FIN, and nothing rests in TIME_WAIT"
                 | "SO_LINGER con 0 s: la conexión se tira; TCP envía RST, no FIN, y no queda nada en TIME_WAIT";
    AFTER_RESET = "the RST was reported once, as an error; from then on recv gives 0 B: nothing more will come"
                | "el RST se avisó una vez, como error; desde entonces recv da 0 B: no llegará nada más";
    IN_PROGRESS = "the socket does not wait: the handshake goes on by itself; once the socket is writable, SO_ERROR tells how it ended"
        | "el socket no espera: el saludo sigue por su cuenta; cuando se pueda escribir, SO_ERROR dice cómo acabó";
    CLOSE_UNREAD = "what had come and was not received is thrown away: TCP then sends RST, not FIN, and the peer may lose your last bytes too"
        | "lo que llegó y no se recibió se tira: TCP envía entonces RST, no FIN, y el otro puede perder también tus últimos bytes";
    CLOSE_UNREAD_UNIX = "what had come and was not received is thrown away, and the peer gets ECONNRESET"
        | "lo que llegó y no se recibió se tira, y el otro recibe ECONNRESET";
    CLOSE_AFTER_PEER = "the other side closed first, so TIME_WAIT rests there, not here"
                     | "el otro lado cerró primero: el TIME_WAIT queda allí, no aquí";
    CLOSE_LISTENER = "no new clients; connections already accepted go on"
                   | "no entran más clientes; las conexiones ya aceptadas siguen";
    UDP_CLOSE = "nobody is told: there was no connection to end"
              | "nadie se entera: no hay conexión que terminar";
    CLOSE_UNIX_LISTENER = "the path stays in the file system until it is unlinked"
                        | "la ruta queda en el sistema de ficheros hasta que se borra (unlink)";

    // Other calls, processes, notes.
    AGAIN = "not an error: nothing to do yet; ask again when the socket is ready"
          | "no es un error: aún no se puede; vuelve a preguntar cuando el socket esté listo";
    EXEC = "a process of its own for this conversation"
         | "un proceso propio para esta conversación";
    FORK = "the child has the same open sockets: one ends when both have closed it"
        | "el hijo tiene abiertos los mismos sockets: uno acaba cuando ambos lo han cerrado";
    REPLACED = "another program in the same process; sockets without FD_CLOEXEC stay open"
        | "otro programa en el mismo proceso; los sockets sin FD_CLOEXEC siguen abiertos";
    RUNTIME = "nobody wrote a line for them: they belong to the libraries that the program uses"
        | "nadie escribió una línea para ellos: son de las bibliotecas que usa el programa";
    RESTING = "they go within a minute; to restart at once, every run sets SO_REUSEADDR before bind()"
            | "se van antes de un minuto; para rearrancar ya, cada ejecución pone SO_REUSEADDR antes de bind()";
    UDP_EXPIRED = "UDP has no end of its own: only silence tells"
                | "UDP no tiene fin propio: solo lo delata el silencio";
    DROP_TOO_LONG = "longer than the other side can carry; cutting them would be worse"
                  | "más largos de lo que el otro lado puede llevar; cortarlos sería peor";
    DROP_WOULD_LOOP = "they came from a port that answers by itself: replying could go on for ever"
                    | "venían de un puerto que responde solo: contestar podría no acabar nunca";
    DROP_QUEUE_FULL = "the peer's queue was full"
                    | "la cola del destinatario estaba llena";
    DROP_REFUSED = "\"port unreachable\" came back: nothing has that port open"
                 | "volvió \"puerto inalcanzable\": nadie tiene abierto ese puerto";
    DROP_SESSIONS = "all sessions were taken, and this one was the oldest"
                  | "todas las sesiones estaban ocupadas, y esta era la más antigua";
    UNSHOWN = "this view was too slow; the data was not delayed"
            | "esta vista iba lenta; los datos no se retrasaron";
}

/// Why the addresses of a name are what they are.
pub const fn of_source(source: Source) -> Text {
    match source {
        Source::Literal => LITERAL,
        Source::HostsFile => HOSTS_FILE,
        Source::System => SYSTEM_RESOLVER,
    }
}

/// Why messages were not passed on.
pub const fn of_drop(why: DropReason) -> Text {
    match why {
        DropReason::TooLong => DROP_TOO_LONG,
        DropReason::WouldLoop => DROP_WOULD_LOOP,
        DropReason::QueueFull => DROP_QUEUE_FULL,
        DropReason::Refused => DROP_REFUSED,
        DropReason::TooManySessions => DROP_SESSIONS,
    }
}

/// What a layer's handshake is for, by the protocol's name; `None` for one that has no sentence here.
pub fn of_layer(protocol: &str) -> Option<Text> {
    if protocol.starts_with("TLS") {
        Some(TLS)
    } else if protocol.starts_with("WebSocket") {
        Some(WEBSOCKET)
    } else {
        None
    }
}

/// The word for a detail of a handshake, and what it is good for; `None` for one that is not known here.
pub fn of_detail(name: &str) -> Option<(Text, Text)> {
    Some(match name {
        "suite" => (narration::SUITE, SUITE),
        "group" => (narration::GROUP, GROUP),
        "alpn" => (narration::ALPN, ALPN),
        "name" => (narration::SERVER_NAME, SERVER_NAME),
        "chain" => (narration::CHAIN, CHAIN),
        "days left" => (narration::EXPIRES, EXPIRES),
        "resumed" => (narration::RESUMED, RESUMED),
        "path" => (narration::PATH, PATH),
        "subprotocol" => (narration::SUBPROTOCOL, SUBPROTOCOL),
        "extensions" => (narration::EXTENSIONS, EXTENSIONS),
        _ => return None,
    })
}

/// What a socket option is for, by the manual's word for it and its value; `None` for one that has no sentence here.
pub fn of_option(option: &str, value: &str) -> Option<Text> {
    Some(match option {
        "SO_REUSEADDR" => REUSEADDR,
        "SO_REUSEPORT" => REUSEPORT,
        "TCP_NODELAY" => NODELAY,
        "IPV6_V6ONLY" if value == "0" => V6ONLY_OFF,
        "IPV6_V6ONLY" => V6ONLY,
        "SO_BROADCAST" => BROADCAST,
        "SO_KEEPALIVE" => KEEPALIVE,
        "SO_LINGER" => LINGER,
        "SO_RCVBUF" | "SO_SNDBUF" => BUFFER,
        "IP_PKTINFO" | "IPV6_RECVPKTINFO" => PKTINFO,
        "IP_ADD_MEMBERSHIP" | "IPV6_ADD_MEMBERSHIP" | "IPV6_JOIN_GROUP" => MEMBERSHIP,
        _ => return None,
    })
}
