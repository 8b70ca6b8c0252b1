//! The words of the page and of the mermaid text that are not narration's.

crate::texts! {
    OTHERS = "{count} {count:other|others}" | "{count} más";
    WAITS = "{socket} {call} waits" | "{socket} {call} espera";
    TIMES = "{count} times" | "{count} veces";

    // Headings and controls.
    CORRECT = "What to correct" | "Qué corregir";
    SEQUENCE = "What happened" | "Qué pasó";
    TIMELINE = "The life of each socket" | "La vida de cada socket";
    TOTALS = "In figures" | "En cifras";
    SKIP = "Skip to what happened" | "Saltar a qué pasó";
    LOOK = "Look" | "Aspecto";
    AUTO = "auto" | "auto";
    LIGHT = "light" | "claro";
    DARK = "dark" | "oscuro";
    REASONS = "reasons" | "por qué";
    ZOOM = "Zoom" | "Ampliar";
    TAGLINE = "Every socket, in plain sight." | "Cada socket, a la vista.";
    FOOTER = "Written by sockeye {version}. The page loads nothing and runs no script." | "Escrita por sockeye {version}. La página no carga nada ni ejecuta scripts.";

    // What to correct.
    NOTHING_FOUND = "Nothing to correct." | "Nada que corregir.";
    MISTAKE = "mistake" | "error";
    RISK = "risk" | "riesgo";
    HINT = "hint" | "pista";
    CAUSE = "Why" | "Por qué";
    FIX = "Correction" | "Corrección";
    TRY = "To try" | "Prueba";
    SHOWN_AT = "at {time} s" | "en {time} s";
    IN_THE_STORY = "shown at {time} s" | "se ve en {time} s";
    TO_READ_MORE = "To read more" | "Para saber más";

    // The sequence.
    LEFT_OUT = "{count} more {count:event is|events are} not shown here; a recording holds them all." | "Aquí no se {count:muestra|muestran} {count} {count:suceso|sucesos} más; una grabación los tiene todos.";
    LEFT_OUT_SHORT = "{count} more {count:is|are} not shown" | "{count} más no se {count:muestra|muestran}";
    EMPTY_STORY = "No socket was used." | "No se usó ningún socket.";
    AS_TEXT = "text" | "texto";
    AS_HEX = "bytes" | "bytes";
    SHOW_DATA = "what it carried" | "lo que llevaba";
    FIRST_BYTES = "the first {shown} of {all}" | "los primeros {shown} de {all}";
    NOT_KEPT = "bytes not kept in this page" | "bytes no guardados en esta página";

    // The timeline.
    OPEN_STILL = "still open at the end" | "abierto hasta el final";
    LIFE = "{socket}: from {from} to {to} s, {sent} sent, {received} received" | "{socket}: de {from} a {to} s, {sent} {sent:enviado|enviados}, {received} {received:recibido|recibidos}";
    LISTENER = "listens" | "escucha";
    KEY_SENT = "sent" | "enviado";
    KEY_RECEIVED = "received" | "recibido";
    KEY_WAIT = "waits in a call" | "espera en una llamada";
    KEY_ACCEPTED = "a connection is accepted" | "se acepta una conexión";
    KEY_END = "no more will be sent" | "no se enviará más";
    KEY_FAILED = "a call failed" | "una llamada falló";
    KEY_CLOSED = "closed" | "cerrado";
    SOCKETS_LEFT_OUT = "{count} more {count:socket is|sockets are} not drawn." | "{count} {count:socket|sockets} más no se {count:dibuja|dibujan}.";

    // Figures.
    FIG_LASTED = "lasted" | "duración";
    FIG_SOCKETS = "sockets" | "sockets";
    FIG_SENT = "sent" | "enviado";
    FIG_RECEIVED = "received" | "recibido";
    FIG_FINDINGS = "to correct" | "por corregir";
}
