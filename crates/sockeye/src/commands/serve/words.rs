//! What `serve` says, in English and Spanish.

use sockeye_view::texts;

texts! {
    TRY = "try: {line}" | "prueba: {line}";
    BROWSE = "open {location}" | "abre {location}";
    FOLDER = "the folder {path} can't be opened: {error}" | "no se puede abrir la carpeta {path}: {error}";
    FOR_EVERYONE = "this machine only; for everyone: {line}" | "solo esta máquina; para todos: {line}";
    STREAMS = "{service}: conversations {conversations}{details}, received {received}, sent {sent}" | "{service}: conversaciones {conversations}{details}, recibidos {received}, enviados {sent}";
    MESSAGES = "{service}: datagrams {messages}{details}, received {received}, sent {sent}" | "{service}: datagramas {messages}{details}, recibidos {received}, enviados {sent}";
    FAILED = "reset or failed {count}" | "reiniciadas o fallidas {count}";
    CUT = "cut after {time} {count}" | "cortadas tras {time} {count}";
    IDLE = "ended by --idle {count}" | "terminadas por --idle {count}";
    WOULD_LOOP = "not answered, could loop {count}" | "sin respuesta, podrían dar vueltas {count}";
    UNANSWERED = "answers that could not be sent {count}" | "respuestas que no se pudieron enviar {count}";
    OPEN_FILES = "{most} conversations at once, not {asked}: the limit of open files (ulimit -n) allows no more" | "{most} conversaciones a la vez, no {asked}: el límite de ficheros abiertos (ulimit -n) no permite más";
    CHAT = "chat: members {members}, messages {messages}, delivered {delivered}" | "chat: miembros {members}, mensajes {messages}, entregados {delivered}";
    CHAT_BEHIND = "chat: members {members}, messages {messages}, delivered {delivered}; left out for slow readers {left_out}, dropped readers {dropped}" | "chat: miembros {members}, mensajes {messages}, entregados {delivered}; no entregados a lectores lentos {left_out}, lectores expulsados {dropped}";
    NOTHING = "nobody came" | "no vino nadie";
    DNS_RUNNING = "the offline Internet is running already ({name}, pid {pid}): {address} is taken" | "la Internet de prueba ya está en marcha ({name}, pid {pid}): {address} está ocupada";
    ROOT = "the root" | "la raíz";
    LAME = "lame: it is named as a server and answers REFUSED to everything" | "cojo: figura como servidor y contesta REFUSED a todo";
    READ_ZONES = "read its zone files: {line}" | "para leer sus zonas: {line}";
    WALK_ALIAS = "from the root down, with an alias into another zone" | "desde la raíz, con un alias a otra zona";
    WALK_NO_GLUE = "a server whose address has to be found first" | "un servidor cuya dirección hay que buscar antes";
    WALK_NO_CUT = "a name with dots that is no zone of its own" | "un nombre con puntos que no es una zona propia";
    WALK_MAIL = "one server asked: where mail goes" | "preguntar a un servidor: adónde va el correo";
    WALK_CUT = "too much for UDP, so it goes on over TCP" | "demasiado para UDP, así que sigue por TCP";
    WALK_LAME = "four zones deep, past a server that is lame" | "cuatro zonas abajo, tras un servidor cojo";
}
