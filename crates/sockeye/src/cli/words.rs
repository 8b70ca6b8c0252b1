//! What is said of a command line that cannot be meant, in English and Spanish.

use sockeye_view::texts;

texts! {
    USAGE = "usage: {usage}" | "uso: {usage}";
    NO_COMMAND = "\"{word}\" is no command; did you mean: {line}" | "\"{word}\" no es una orden; ¿querías: {line}?";
    NO_SUBCOMMAND = "there is no {word}; known: {known}" | "no hay {word}; se conocen: {known}";
    COMMAND_MISSING = "a word is missing; known: {known}" | "falta una palabra; se conocen: {known}";
    DID_YOU_MEAN = "; did you mean {meant}?" | "; ¿querías {meant}?";
    UNKNOWN_OPTION = "there is no option {option} here" | "aquí no hay ninguna opción {option}";
    TOO_MUCH = "{word} is a word too many" | "la palabra {word} sobra";
    NO_VALUE = "{option} wants a value" | "{option} necesita un valor";
    NO_VALUE_KNOWN = "{option} wants a value: {known}" | "{option} necesita un valor: {known}";
    WRONG_VALUE = "{value} is no value for {option}; known: {known}" | "{value} no vale para {option}; se conocen: {known}";
    VALUE = "{option} {value}: {why}" | "{option} {value}: {why}";
    UNWANTED_VALUE = "{option} takes no value, and has {value}" | "{option} no lleva valor, y tiene {value}";
    BEHIND_EQUALS = "the value of {option} stands right behind it, with a =" | "el valor de {option} va pegado, tras un =";
    MISSING = "missing: {words}" | "falta: {words}";
    TWICE = "{option} is given twice; once is enough" | "{option} se da dos veces; con una basta";
    NOT_TOGETHER = "{option} and {other} do not go together" | "{option} y {other} no van juntos";
    TRACE_WHAT = "missing: the program to run, as in sockeye trace python3 server.py, or -p PID" | "falta: el programa que ejecutar, como en sockeye trace python3 server.py, o -p PID";
    NO_TEXT = "a word of the command line is no text (UTF-8)" | "una palabra de la línea de órdenes no es texto (UTF-8)";
    NO_NUMBER = "wants a whole number" | "quiere un número entero";
    OUT_OF_RANGE = "wants a number from {range}" | "quiere un número de {range}";

    WANTS_TIME = "wants a time such as 500ms, 2s, 1m or 1h; a plain number is seconds" | "quiere un tiempo como 500ms, 2s, 1m o 1h; un número solo son segundos";
    MORE_THAN = "is more than {most}" | "es más de {most}";
    LESS_THAN = "is less than {least}" | "es menos de {least}";
    MORE_THAN_NOTHING = "must be more than 0" | "debe ser más de 0";
    WANTS_SIZE = "wants a size in bytes such as 4096, 64k or 1MiB" | "quiere un tamaño en bytes como 4096, 64k o 1MiB";
    UNCOUNTABLE = "is more than this machine can count" | "es más de lo que esta máquina puede contar";
    WANTS_FRAME = "wants line, nul, delim:HEX, fixed:SIZE, len16, len32, chunk or chunk=SIZE" | "quiere line, nul, delim:HEX, fixed:TAMAÑO, len16, len32, chunk o chunk=TAMAÑO";
    CHUNK_TOO_BIG = "wants a chunk of at most {most}" | "quiere un trozo de {most} como mucho";
    WANTS_DELIMITER = "wants 1 to 16 bytes in hexadecimal behind delim:, such as delim:0d0a" | "quiere de 1 a 16 bytes en hexadecimal tras delim:, como delim:0d0a";
    FRAME_EMPTY = "wants at least 1 byte" | "quiere al menos 1 byte";
    FRAME_TOO_BIG = "is more than {most}" | "es más de {most}";
    CHUNK_EMPTY = "wants a chunk of at least 1 byte" | "quiere un trozo de al menos 1 byte";
    LONE_BACKSLASH = "ends in a lone \\; write \\\\ for one" | "acaba en un \\ suelto; escribe \\\\ para uno";
    WANTS_HEX = "wants two hexadecimal digits after \\x, such as \\x1b" | "quiere dos cifras hexadecimales tras \\x, como \\x1b";
    ESCAPES = "knows the escapes \\n \\r \\t \\0 \\\\ and \\xNN" | "conoce los escapes \\n \\r \\t \\0 \\\\ y \\xNN";
    TEXT_TOO_LONG = "is longer than {most} bytes; send it through stdin" | "tiene más de {most} bytes; envíalo por stdin";
    WANTS_DESCRIPTOR = "wants the number of an open descriptor, such as 3" | "quiere el número de un descriptor abierto, como 3";
    WANTS_IP = "wants an address such as 192.0.2.1 or 2001:db8::1" | "quiere una dirección como 192.0.2.1 o 2001:db8::1";

    ALREADY_ADDRESS = "{address} is an address already, and \"{extra}\" is too much" | "{address} ya es una dirección, y \"{extra}\" sobra";
    NOT_CONNECTABLE = "{address} is no socket to connect to; to join it with another end: sockeye relay {address} localhost:7007" | "{address} no es un socket al que conectarse; para unirlo a otro extremo: sockeye relay {address} localhost:7007";
    NOT_LISTENABLE = "{address} cannot wait for peers; these schemes can: {schemes}" | "{address} no puede esperar a nadie; estos esquemas sí: {schemes}";
    EXEC_WRONG = "--exec {command}: {why}" | "--exec {command}: {why}";
    EXEC_HASH = "--exec {command}: quote the # of the command" | "--exec {command}: entrecomilla el # de la orden";
    TLS_FLAG = "{flag} is for TLS, and no address here speaks it where that is meant: write tls:// or wss://" | "{flag} es para TLS, y ninguna dirección lo habla donde eso vale: escribe tls:// o wss://";
    BIND_TWICE = "bind is given twice, as --bind and as #bind=; once is enough" | "bind se da dos veces, como --bind y como #bind=; con una basta";
    BIND_WRONG = "--bind {bind}: {why}" | "--bind {bind}: {why}";
    BIND_NO_ADDRESS = "--bind {bind}: a local address is a host, a :port or both" | "--bind {bind}: una dirección local es un host, un :puerto o ambos";
    FRAME_FOR_STREAM = "--frame is for sockets of messages, and {scheme} carries a stream; leave it away" | "--frame es para sockets de mensajes, y {scheme} lleva un flujo; quítalo";
    REPLY_FOR_STREAM = "--reply counts messages, and {scheme} carries a stream; leave it away" | "--reply cuenta mensajes, y {scheme} lleva un flujo; quítalo";
    SEND_ONLY_FOR_STREAM = "--send-only is for sockets of messages; {scheme} tells the end of the input by itself, so leave it away" | "--send-only es para sockets de mensajes; {scheme} ya comunica el fin de la entrada, así que quítalo";
    PROBE_UDP = "nothing answers on UDP unless it is asked; ask it: sockeye connect {address} --send TEXT --reply 1" | "en UDP nadie contesta si no se le pregunta; pregúntale: sockeye connect {address} --send TEXTO --reply 1";
    WAIT_TOO_MANY = "wait takes at most {most} addresses" | "wait admite {most} direcciones como mucho";
    WAIT_UDP = "{address} cannot be waited for: nothing answers on UDP unless it is asked; ask it: sockeye connect {address} --send TEXT --reply 1" | "no se puede esperar a {address}: en UDP nadie contesta si no se le pregunta; pregúntale: sockeye connect {address} --send TEXTO --reply 1";
    PING_TOO_MANY = "ping asks at most {most} targets at once" | "ping pregunta a {most} destinos a la vez como mucho";
    PING_CANNOT = "{address} cannot be asked: nobody answers there by itself; a host, HOST:PORT, udp://, unix:, unix-seqpacket:, tls://, ws:// and wss:// can be" | "a {address} no se le puede preguntar: allí nadie contesta por sí mismo; a un host, HOST:PUERTO, udp://, unix:, unix-seqpacket:, tls://, ws:// y wss:// sí";
    PING_OTHER_FAMILY = "{address} is an address of the other IP version than -4 or -6 asks for" | "{address} es una dirección de la otra versión de IP que la que piden -4 o -6";
    RELAY_SAME = "{address} cannot be both ends of a relay; name another for one of them" | "{address} no puede ser los dos extremos de un relay; nombra otro para uno de ellos";
    RELAY_FRAME = "{messages} carries messages and {stream} a stream: say with --frame how a message is marked in the stream: line, nul, delim:HEX, fixed:SIZE, len16, len32, chunk or chunk=SIZE" | "{messages} lleva mensajes y {stream} un flujo: di con --frame cómo se marca un mensaje en el flujo: line, nul, delim:HEX, fixed:TAMAÑO, len16, len32, chunk o chunk=TAMAÑO";
    RELAY_NO_FRAME = "--frame is for a relay between messages and a stream, and {from} and {to} are the same kind; leave it away" | "--frame es para un relay entre mensajes y un flujo, y {from} y {to} son de la misma clase; quítalo";

    NO_SERVICE = "\"{word}\" is no service; known: {known}" | "\"{word}\" no es un servicio; se conocen: {known}";
    SERVICE_AT = "; on that address: sockeye serve echo={address}" | "; en esa dirección: sockeye serve echo={address}";
    SERVICE_TWICE = "{service} is given twice; once is enough" | "{service} se da dos veces; con una basta";
    DNS_NEEDS_ZONE = "dns={address} needs --zone FILE; the offline Internet has addresses of its own: sockeye serve dns" | "dns={address} necesita --zone FICHERO; la Internet sin conexión tiene direcciones propias: sockeye serve dns";
    FILES_NEED_DIR = "files needs a folder: sockeye serve files --dir DIR" | "files necesita una carpeta: sockeye serve files --dir CARPETA";
    FOR_FILES = "--dir is for files and http: sockeye serve files --dir DIR" | "--dir es para files y http: sockeye serve files --dir CARPETA";
    OVER_STREAMS = "{service} is served over streams, such as tcp and unix, not over {scheme}" | "{service} se sirve sobre flujos, como tcp y unix, no sobre {scheme}";
    FOR_DNS = "{flag} is for dns: sockeye serve dns {flag}…" | "{flag} es para dns: sockeye serve dns {flag}…";
    DNS_OVER = "dns is served over udp, tcp and tls, not over {scheme}" | "dns se sirve sobre udp, tcp y tls, no sobre {scheme}";

    NC_HABIT = "these are flags of nc; here it is: {line}{note}{left_out}" | "esas son opciones de nc; aquí es: {line}{note}{left_out}";
    NC_EVERYONE = " (this machine only; for everyone, as nc does it: sockeye listen {address})" | " (solo esta máquina; para todos, como hace nc: sockeye listen {address})";
    NC_ONE_PORT = " (one port at a time)" | " (un puerto cada vez)";
    NC_LEFT_OUT = "; there is no counterpart of {flags}" | "; no hay equivalente de {flags}";

    SEARCH_EMPTY = "--search wants a word, such as mail" | "--search quiere una palabra, como mail";
    RANGE_BACKWARDS = "{typed}: the range ends before it begins; try {last}-{first}" | "{typed}: el intervalo acaba antes de empezar; prueba {last}-{first}";
    NO_PORT = "{typed} is no port; try a number, a name such as https, or a range such as 6881-6889" | "{typed} no es un puerto; prueba un número, un nombre como https, o un intervalo como 6881-6889";
    NO_TRANSPORT = "{typed}: {transport} is no transport; known: {known}" | "{typed}: {transport} no es un transporte; se conocen: {known}";
    ZONE_FILE = "; a zone file comes after --zone: {line}" | "; un fichero de zona va detrás de --zone: {line}";
    WHO_TRANSPORT = "{typed}: who knows the ports of TCP and UDP" | "{typed}: who conoce los puertos de TCP y UDP";
    PORTS_FROM = "{typed}: ports go from {first} to 65535" | "{typed}: los puertos van de {first} a 65535";
    WHO_NO_SERVICE = "no service is called {typed}" | "ningún servicio se llama {typed}";
    WHO_CONNECTIONS = "--connections takes ports; sockeye who {typed} shows what is connected there" | "--connections quiere puertos; sockeye who {typed} muestra lo que hay conectado ahí";
    WHO_HOST = "{typed} names a host: who asks about this machine's own ports; try sockeye who {port}" | "{typed} nombra un host: who pregunta por los puertos de esta máquina; prueba sockeye who {port}";
    WHO_UNCLEAR = "{typed} is no port; try a number, a service's name such as http, udp:53, or unix:/run/app.sock" | "{typed} no es un puerto; prueba un número, un servicio como http, udp:53, o unix:/run/app.sock";

    RESOLVE_SERVERS = "resolve compares at most {most} servers" | "resolve compara {most} servidores como mucho";
    RESOLVE_TYPES = "resolve asks for at most {most} types at once" | "resolve pregunta por {most} tipos a la vez como mucho";
    RESOLVE_WALK = "a walk asks the servers that it is led to; to begin it at another root: --root ADDRESS" | "un recorrido pregunta a los servidores a los que llega; para empezar en otra raíz: --root DIRECCIÓN";
    RESOLVE_DIG = "+{option} is an option of dig that has no counterpart here; there are --short, --tcp, --norecurse, --timeout {timeout}, --json" | "+{option} es una opción de dig que no tiene equivalente aquí; hay --short, --tcp, --norecurse, --timeout {timeout}, --json";
    RESOLVE_TWO_NAMES = "resolve takes one name, and {word} is no record type such as A, AAAA, MX, NS, TXT, SRV, PTR or TYPE65" | "resolve quiere un solo nombre, y {word} no es un tipo de registro como A, AAAA, MX, NS, TXT, SRV, PTR o TYPE65";
    RESOLVE_PORT = "-p is the port of a server, and none is named: @127.0.0.1:7053" | "-p es el puerto de un servidor y no se nombra ninguno: @127.0.0.1:7053";
    RESOLVE_PORT_BIG = "port {port} is too big: the last one is 65535" | "el puerto {port} es demasiado grande: el último es 65535";
    RESOLVE_NO_PORT = "{port} is no port: a number from 1 to 65535, or the name of a service" | "{port} no es un puerto: un número de 1 a 65535, o el nombre de un servicio";
    RESOLVE_NO_NAME = "which name? sockeye resolve NAME [TYPE…]" | "¿qué nombre? sockeye resolve NOMBRE [TIPO…]";
    RESOLVE_NO_RECORD = "{word} is no record that can be looked up" | "{word} no es un registro que se pueda buscar";
    RESOLVE_NO_TYPE = "{word} is no record type" | "{word} no es un tipo de registro";
    RESOLVE_BAD_NAME = "{word} is no name: {why}" | "{word} no es un nombre: {why}";
    EXPLAIN_NOTHING = "there is no page on {word}; sockeye explain lists them all" | "no hay ninguna página sobre {word}; sockeye explain las lista todas";
    EXPLAIN_NEAR = "there is no page on {word}; did you mean: {near}" | "no hay ninguna página sobre {word}; quizá: {near}";
    EXPLAIN_NUMBER = "{number} is no error of sockets; for the port: sockeye ports {number}" | "{number} no es un error de sockets; para el puerto: sockeye ports {number}";
}
