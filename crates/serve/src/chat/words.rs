//! What the chat says to its members, in English and Spanish.

use sockeye_model::texts;

texts! {
    YOU_ARE = "you are {name}, in the room {room}; here: {names}" | "eres {name}, en la sala {room}; están: {names}";
    YOU_ARE_ALONE = "you are {name}, in the room {room}; nobody else is here" | "eres {name}, en la sala {room}; no hay nadie más";
    FIRST_WORDS = "/name NAME gives you a name, /help says what else there is" | "/name NOMBRE te da un nombre, /help dice qué más hay";
    HISTORY = "said before you came:" | "dicho antes de que llegaras:";
    JOINED = "{name} joined" | "{name} entró";
    MOVED = "{name} left" | "{name} salió";
    QUIT = "{name} quit" | "{name} se fue";
    GONE = "{name} is gone" | "{name} ya no está";
    BEHIND = "{name} was dropped: fell too far behind" | "{name} quedó fuera: se retrasó demasiado";
    SILENT = "{name} left: said nothing for too long" | "{name} salió: no dijo nada en demasiado tiempo";
    CLOSING = "{name} left" | "{name} salió";
    RENAMED = "{was} is now {name}" | "{was} ahora es {name}";
    YOU = "you" | "tú";
    ROOMS = "rooms, with members: {rooms}" | "salas, con miembros: {rooms}";
    WHO = "in {room}: {names}" | "en {room}: {names}";
    NOBODY = "nobody is in {room}" | "no hay nadie en {room}";
    AND_MORE = "{list} and {count} more" | "{list} y {count} más";
    MISSED = "you fell behind: {count} {count:message|messages} left out" | "te retrasaste: {count} {count:mensaje|mensajes} sin entregar";
    BYE_QUIT = "goodbye" | "adiós";
    BYE_CLOSING = "the server ends; goodbye" | "el servidor termina; adiós";
    BYE_SILENT = "you said nothing for {time}, so you have left; say anything to come back" | "no dijiste nada en {time}, así que has salido; di algo para volver";
    NAME_TAKEN = "the name {name} is taken" | "el nombre {name} está cogido";
    NAME_EMPTY = "a name is missing: it has 1 to {max} visible characters" | "falta un nombre: tiene de 1 a {max} caracteres visibles";
    NAME_LONG = "a name has at most {max} characters" | "un nombre tiene como mucho {max} caracteres";
    NAME_INVISIBLE = "a name has only visible characters, and no spaces" | "un nombre solo tiene caracteres visibles, y ningún espacio";
    NAME_RESERVED = "a name has no {character}" | "un nombre no lleva {character}";
    NO_MEMBER = "nobody here is called {name}; /who says who is in the room" | "nadie se llama {name}; /who dice quién está en la sala";
    NO_TEXT = "there is no text: /msg NAME TEXT" | "falta el texto: /msg NOMBRE TEXTO";
    HERE_ALREADY = "you are in {room} already" | "ya estás en {room}";
    ROOMS_FULL = "there {max:is|are} {max} {max:room|rooms}, and no more can be made" | "hay {max} {max:sala|salas}, y no caben más";
    FULL = "there {max:is|are} {max} {max:member|members}, and no more can come in" | "hay {max} {max:miembro|miembros}, y no caben más";
    TOO_LONG = "that was too long and is left out: a message has at most {max} bytes" | "era demasiado largo y se deja fuera: un mensaje tiene como mucho {max} bytes";
    NO_COMMAND = "there is no command {command}; /help lists them, and // at the start of a line is a plain /" | "no hay ninguna orden {command}; /help las dice, y // al principio de una línea es una / normal";
    NOT_JSON = "that is no JSON object; to write lines, ask for no subprotocol" | "eso no es un objeto JSON; para escribir líneas, no pidas subprotocolo";
    NO_TYPE = "there is no type {type}; there are {known}" | "no hay ningún tipo {type}; hay {known}";
    NO_KIND = "an object needs a \"type\", a text: {known}" | "un objeto necesita un \"type\", un texto: {known}";
    NO_FIELD = "{type} needs a text {field}" | "{type} necesita un texto {field}";
    HTTP = "this is a chat of lines, and that was a request of HTTP: goodbye" | "esto es un chat de líneas, y eso era una petición de HTTP: adiós";
    ENTER = "to come in, say: /enter {word}" | "para entrar, di: /enter {word}";
    HELP = "TEXT says it to the room | /name NAME | /join ROOM | /leave to the lobby | /rooms | /who [ROOM] | /msg NAME TEXT, to one alone | //TEXT begins with / | /quit" | "TEXTO lo dice a la sala | /name NOMBRE | /join SALA | /leave al vestíbulo (lobby) | /rooms, salas | /who [SALA], quién está | /msg NOMBRE TEXTO, solo a uno | //TEXTO empieza con / | /quit, salir";
}
