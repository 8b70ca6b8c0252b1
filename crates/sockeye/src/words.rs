//! What the tool itself says in status lines and errors, in English and Spanish.

use sockeye_view::texts;

texts! {
    HOLDER = "{address} is held by {name}, pid {pid}" | "{address} lo tiene {name}, pid {pid}";
    HOLDER_OF_OTHER_USER = "{address} is held by a process that this user may not see" | "{address} lo tiene un proceso que este usuario no puede ver";
    HOLDER_NOT_LISTENING = ", which has bound it and has not called listen" | ", que ha hecho bind y no ha llamado a listen";
    RESTING = "{count} old connections rest there (TIME_WAIT); reuseaddr binds all the same" | "{count} conexiones viejas reposan ahí (TIME_WAIT); con reuseaddr se puede igual";
    NEARBY = "{protocol} {address} is open here ({name}); did you mean {line}?" | "aquí está abierto {protocol} {address} ({name}); ¿querías {line}?";
    PRIVILEGED = "ways to it: a higher port, such as {higher}; root; once and for all {setcap}, or {sysctl}" | "caminos: un puerto más alto, como {higher}; root; de una vez por todas {setcap}, o {sysctl}";
    NEARBY_HERE = "{protocol} {address} is open here ({name}): since a moment ago, or a firewall refuses" | "aquí está abierto {protocol} {address} ({name}): desde hace un momento, o un cortafuegos rechaza";
    NEARBY_UNKNOWN = "a process of another user" | "un proceso de otro usuario";
    NEARBY_NOT_LISTENING = "{address} is bound by {name}, which has not called listen yet" | "{address} lo tiene {name}, que aún no ha llamado a listen";
    OWN_SERVICES = "sockeye's own services are 7000 higher: sockeye serve, then {line}" | "los servicios de sockeye están 7000 más arriba: sockeye serve, y luego {line}";
    NOT_A_SOCKET = "what is at {path} is no socket, and is left alone" | "lo que hay en {path} no es un socket, y no se toca";
    STDOUT_FAILED = "write to stdout: {error}" | "write a stdout: {error}";
    RECORDING_FAILED = "the recording {path} could not be written: {error}; the data went on without it" | "no se pudo escribir la grabación {path}: {error}; los datos siguieron sin ella";
    VIEW_FAILED = "what is shown on stderr could not be written: {error}; the data went on without it" | "no se pudo escribir en stderr lo que se muestra: {error}; los datos siguieron sin ello";
    UNSHOWN = "{count} events are not shown: stderr was too slow; the data was not delayed" | "no se muestran {count} sucesos: stderr iba demasiado lento; los datos no se retrasaron";
    RECORDING_OPEN = "open the recording {path}: {error}" | "abrir la grabación {path}: {error}";
    SHOW_OPEN = "open {path}: {error}" | "abrir {path}: {error}";
    SHOW_READ = "{path}: {error}" | "{path}: {error}";
    SHOW_CUT = "{path} has no end line: the recording was cut off" | "{path} no tiene línea final: la grabación quedó cortada";
    SHOW_UNKNOWN = "{count} lines of a kind that this version does not know are left out" | "se dejan fuera {count} líneas de un tipo que esta versión no conoce";
    SHOW_DAMAGED = "{count} damaged lines are left out" | "se dejan fuera {count} líneas dañadas";
    READY_LOCAL = "on {addresses}: this machine only; for everyone: {line}" | "en {addresses}: solo esta máquina; para todos: {line}";
    READY = "on {addresses}" | "en {addresses}";
    NO_NAME = "look up {name}: there is no such name, or it has no address; check the spelling, or use the address itself" | "buscar {name}: no existe ese nombre o no tiene dirección; revisa cómo está escrito o usa la propia dirección";
    NAME_NO_ANSWER = "look up {name}: no answer from the name servers now (EAI_AGAIN); sockeye resolve {name} says what each of them said" | "buscar {name}: los servidores de nombres no dan respuesta ahora (EAI_AGAIN); sockeye resolve {name} dice qué dijo cada uno";
    NAME_TIMED_OUT = "look up {name}: no answer within {time}; raise --timeout, or use the address itself" | "buscar {name}: sin respuesta en {time}; sube --timeout o usa la propia dirección";
    NAME_FAILED = "look up {name}: {error}" | "buscar {name}: {error}";
    NO_SERVICE = "no {scheme} service is called {service}; try its number" | "ningún servicio de {scheme} se llama {service}; prueba con su número";
    NO_INTERFACE = "no network interface is called {interface}; there are {known}" | "ninguna interfaz de red se llama {interface}; hay {known}";
    NO_ZONE = "{address} is link-local: it needs the interface it is on, as in [{address}%{first}]; there are {known}" | "{address} es de enlace local: necesita su interfaz, como en [{address}%{first}]; hay {known}";
    PATH_LIVE = "bind to {path}: EADDRINUSE (address already in use): a running program has this socket" | "bind a {path}: EADDRINUSE (dirección ya en uso): un programa en marcha tiene ese socket";
    PATH_NO_SOCKET = "bind to {path}: EADDRINUSE (address already in use): what is there is no socket, and not ours to remove; choose another path" | "bind a {path}: EADDRINUSE (dirección ya en uso): lo que hay ahí no es un socket y no nos toca quitarlo; elige otra ruta";
    PATH_SYMLINK = "bind to {path}: EADDRINUSE (address already in use): a symbolic link is there, and bind does not follow it; use the path it leads to" | "bind a {path}: EADDRINUSE (dirección ya en uso): ahí hay un enlace simbólico y bind no lo sigue; usa la ruta a la que lleva";
    PATH_DOUBT = "bind to {path}: EADDRINUSE (address already in use): a socket is there, and it cannot be told whether a program still has it; remove it if you know that none has" | "bind a {path}: EADDRINUSE (dirección ya en uso): ahí hay un socket y no se puede saber si lo tiene algún programa; bórralo si sabes que no";
    PORT_ZERO = "{address}: port 0 is only for listening, nobody can be connected to there; name the server's port" | "{address}: el puerto 0 solo sirve para escuchar, ahí no hay nadie; nombra el puerto del servidor";
    BIND_FAMILY = "{address}: the address to connect from is of another family than the one to connect to" | "{address}: la dirección de salida es de otra familia que la de destino";
    CONNECTED = "connected to {peer} from {local}" | "conectado a {peer} desde {local}";
    CONNECTED_UNIX = "connected to {peer}" | "conectado a {peer}";
    END_OF_INPUT = "; Ctrl-D ends your side" | "; Ctrl-D termina tu lado";
    ANSWERS = "{address} answers" | "{address} responde";
    PEER_ENDED = "the other side has ended, and stdin is still open: end it, or use --no-stdin" | "el otro lado ha terminado y stdin sigue abierta: termínala, o usa --no-stdin";
    INPUT_FAILED = "read stdin: {error}" | "leer stdin: {error}";
    NOT_ALL_SENT = "{address}: the other side took no more after {bytes} were sent: {error}" | "{address}: el otro lado no aceptó más tras enviarle {bytes}: {error}";
    RECV_FAILED = "recv from {address} after {bytes} had arrived: {error}" | "recv de {address} tras llegar {bytes}: {error}";
    PROGRAM_EXITED = "{command} ended with code {code}" | "{command} terminó con código {code}";
    PROGRAM_KILLED = "{command} was killed by signal {signal}" | "a {command} lo mató la señal {signal}";
    TIMED_OUT = "{call} to {address}: no answer within {time}; nothing there, a firewall, or --timeout too short" | "{call} a {address}: sin respuesta en {time}; no hay nada, un cortafuegos, o --timeout demasiado corto";
    RESET = "reset by {address} after {bytes} had arrived: it threw the connection away, what had not arrived is lost" | "{address} reinició la conexión tras llegar {bytes}: la tiró, lo que no había llegado se perdió";
    IDLE = "{address}: nothing has moved for {time}, and --idle allows no more" | "{address}: nada se ha movido en {time}, y --idle no permite más";
    STILL_WAITING = "not all answered within {time}; missing: {addresses}" | "no todos respondieron en {time}; falta: {addresses}";
    COMMAND_FAILED = "run {command}: {error}" | "ejecutar {command}: {error}";
    LISTENING = "listening {ready}" | "escuchando {ready}";
    LISTENING_UDP = "waiting for messages {ready}" | "esperando mensajes {ready}";
    LEFT_OUT = "{address} is left out: {error}" | "se deja fuera {address}: {error}";
    RELAY_BEGAN = "#{number} {peer} ⇄ {to}" | "#{number} {peer} ⇄ {to}";
    RELAY_ENDED = "#{number} {peer} ended: {there} there, {back} back" | "#{number} {peer} terminó: {there} de ida, {back} de vuelta";
    RELAY_BROKE = "#{number} {peer} broke after {there} there, {back} back: {error}" | "#{number} {peer} se rompió tras {there} de ida y {back} de vuelta: {error}";
    RELAY_IDLE = "#{number} {peer} moved nothing for {time}, and --idle allows no more: {there} there, {back} back" | "#{number} {peer} no movió nada en {time}, y --idle no permite más: {there} de ida, {back} de vuelta";
    RELAY_NOT_TAKEN = "{bytes} from {address} had nowhere to go: {other} can't be written" | "{bytes} de {address} no tenían adónde ir: en {other} no se puede escribir";
    RELAY_SUMMARY = "conversations: {conversations}, failed: {failed}; {there} there, {back} back" | "conversaciones: {conversations}, fallidas: {failed}; {there} de ida, {back} de vuelta";
    RELAY_PROGRESS = "conversations: {now} now, {conversations} in all; {there} there, {back} back; {speed}/s" | "conversaciones: {now} ahora, {conversations} en total; {there} de ida, {back} de vuelta; {speed}/s";
    RELAY_NEEDS_FRAME = "a stream has no messages: say where they end with --frame line, nul, len16, len32 or chunk" | "un flujo no tiene mensajes: di dónde acaban con --frame line, nul, len16, len32 o chunk";
    RELAY_PLAN_FROM = "from {address}  {role}" | "de   {address}  {role}";
    RELAY_PLAN_TO = "to   {address}  {role}" | "a    {address}  {role}";
    RELAY_PLAN_HOW = "plan {plan}" | "plan {plan}";
    RELAY_PLAN_LISTENS = "listens; each client there is one conversation" | "escucha; cada cliente ahí es una conversación";
    RELAY_PLAN_PAIRS = "listens; peers of the two are joined in pairs" | "escucha; los que llegan a uno y a otro se unen por parejas";
    RELAY_PLAN_DIALS = "is opened once a conversation" | "se abre una vez por conversación";
    RELAY_PLAN_SPLICE = "bytes are copied while they are few and spliced in the kernel once they are many" | "los bytes se copian mientras son pocos y pasan por el núcleo (splice) cuando son muchos";
    RELAY_PLAN_COPY = "bytes are copied through a buffer, because a view wants them or something changes them" | "los bytes se copian por un búfer, porque una vista los quiere o algo los cambia";
    RELAY_PLAN_BATCHES = "messages go on in batches, several a call, each as it came" | "los mensajes siguen por lotes, varios por llamada, cada uno como llegó";
    RELAY_PLAN_ONE_BY_ONE = "messages go on one by one, each as it came" | "los mensajes siguen uno a uno, cada uno como llegó";
    RELAY_PLAN_FRAMED = "messages are marked in the stream as --frame says" | "los mensajes se marcan en el flujo como dice --frame";
    RELAY_PLAN_THREADS = "; on threads, since the event loop can't wait for every end" | "; con hilos, porque el bucle de eventos no puede esperar a todos los extremos";
    DRAINING = "stopping; conversations that may finish within {time}: {conversations}" | "parando; conversaciones que pueden terminar en {time}: {conversations}";
    FULL = "all {most} conversations are taken; whoever comes now waits (--max-conversations)" | "las {most} conversaciones están ocupadas; quien llegue ahora espera (--max-conversations)";
    CUT = "conversations that were still going on after {time} and were cut: {cut}" | "conversaciones que seguían después de {time} y se cortaron: {cut}";
    CAME = "{peer} has connected to {local}" | "{peer} se ha conectado a {local}";
    CAME_UNNAMED = "somebody has connected to {local}" | "alguien se ha conectado a {local}";
    MESSAGES_TO = "messages to {peer} from {local}; nobody knows yet whether it listens" | "mensajes a {peer} desde {local}; aún no se sabe si escucha";
    MESSAGES_TO_UNIX = "messages to {peer}" | "mensajes a {peer}";
    NO_ANSWER = "nothing came from {peer} within {time}: UDP cannot tell loss from silence (--reply 1 makes it code 13)" | "no llegó nada de {peer} en {time}: UDP no distingue pérdida de silencio (--reply 1 lo hace código 13)";
    NO_ANSWER_UNIX = "nothing came from {peer} within {time} (--reply 1 makes it code 13)" | "no llegó nada de {peer} en {time} (--reply 1 lo hace código 13)";
    TOO_FEW = "{address}: {count} of {asked} answers came, and then none for {time}" | "{address}: llegaron {count} de {asked} respuestas, y luego ninguna en {time}";
    TOO_LONG = "{address}: a message of {len} B is too long: {max} B is the most here, and a message is never cut" | "{address}: un mensaje de {len} B es demasiado largo: aquí caben {max} B, y un mensaje nunca se corta";
    OTHERS = "others write here too: their messages are left out; sockeye listen --many hears everybody" | "otros escriben aquí también: sus mensajes se dejan fuera; sockeye listen --many oye a todos";
    OTHERS_COUNT = "messages of others that were left out: {count}" | "mensajes de otros que se dejaron fuera: {count}";
    MANY_TYPE = "what you type goes to everybody; @2 TEXT to #2 alone, @ says who is here, @@ is a plain @" | "lo que escribes va a todos; @2 TEXTO solo a #2, @ dice quién hay, @@ es una @ normal";
    MANY_CAME = "#{number} {peer} has come" | "#{number} {peer} ha llegado";
    MANY_WENT = "#{number} {peer} has gone: {received} received, {sent} sent" | "#{number} {peer} se ha ido: {received} recibidos, {sent} enviados";
    MANY_IDLE = "#{number} {peer} moved nothing for {time}, and --idle allows no more: {received} received, {sent} sent" | "#{number} {peer} no movió nada en {time}, y --idle no permite más: {received} recibidos, {sent} enviados";
    MANY_BROKE = "#{number} {peer} broke after {received} received, {sent} sent: {error}" | "#{number} {peer} se rompió tras {received} recibidos y {sent} enviados: {error}";
    MANY_CUT = "#{number} {peer} took nothing for {time} and was cut off, so that the others go on: {sent} sent, {unsent} not" | "#{number} {peer} no aceptó nada en {time} y se le cortó, para que sigan los demás: {sent} enviados, {unsent} no";
    MANY_EMPTY = "#{number} sent an empty message" | "#{number} envió un mensaje vacío";
    MANY_NOBODY = "nobody is here: not sent" | "no hay nadie: no se envió";
    MANY_HERE = "here: {peers}" | "están: {peers}";
    MANY_NO_SUCH = "@{name} is nobody here: not sent; there are {peers}; @all is everybody, @@ a plain @" | "@{name} no está: no se envió; están {peers}; @all son todos, @@ una @ normal";
    MANY_SUMMARY = "conversations: {conversations}, failed: {failed}; {received} received, {sent} sent" | "conversaciones: {conversations}, fallidas: {failed}; {received} recibidos, {sent} enviados";
    FILE_FAILED = "write to {path}: {error}" | "write a {path}: {error}";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use sockeye_view::catalogue::Language;

    #[test]
    fn both_languages_fill_the_same_places() {
        for (name, text) in ALL {
            assert_eq!(
                text.places(Language::English),
                text.places(Language::Spanish),
                "{name}"
            );
        }
    }
}
