//! What is told of a walk from the root, in English and Spanish.

use sockeye_view::texts;

texts! {
    ROOT = "the root" | "la raíz";
    TOP = "top-level domain" | "dominio de primer nivel";
    SECOND = "second level" | "segundo nivel";
    SUBDOMAIN = "subdomain" | "subdominio";
    REFERRAL = "{zone} is delegated: {servers} (TTL {ttl})" | "{zone} está delegada: {servers} (TTL {ttl})";
    LEFT_OUT = "and {count} more, left out" | "y {count} más, que se dejan";
    NO_GLUE = "{name} (no address given)" | "{name} (sin dirección)";
    FOREIGN_GLUE = "{name} (its address is not believed: {zone} can't speak for it)" | "{name} (su dirección no se cree: {zone} no responde de ella)";
    ANSWER = "answers: {records}" | "responde: {records}";
    ANSWER_UNCERTAIN = "answers, without speaking for the zone (no AA): {records}" | "responde, sin hablar por la zona (sin AA): {records}";
    ALIAS = "{name} is an alias of {target} (CNAME, TTL {ttl})" | "{name} es un alias de {target} (CNAME, TTL {ttl})";
    ALIAS_TREE = "everything below {name} is below {target} (DNAME, TTL {ttl})" | "todo lo que cuelga de {name} cuelga de {target} (DNAME, TTL {ttl})";
    NO_DATA = "{name} exists, and has no {kind} (TTL of that: {ttl})" | "{name} existe y no tiene {kind} (TTL de eso: {ttl})";
    NO_DATA_UNPROVEN = "{name} has no {kind}, it seems: the answer is empty, and names no zone (SOA) that says so" | "{name} no tiene {kind}, parece: la respuesta está vacía y no nombra ninguna zona (SOA) que lo diga";
    NO_NAME = "there is no {name} in {zone} (TTL of that: {ttl})" | "no existe {name} en {zone} (TTL de eso: {ttl})";
    NO_NAME_UNPROVEN = "there is no {name}" | "no existe {name}";
    LAME_CODE = "lame: {code} for a zone it is named as a server of" | "cojo: {code} en una zona de la que figura como servidor";
    LAME_RESOLVER = "lame: it answers from hearsay, as a resolver, and not for {zone}" | "cojo: responde de oídas, como un resolvedor, y no por {zone}";
    LAME_UPWARD = "lame: it sends back up to {to} (a referral must lead down)" | "cojo: remite hacia arriba, a {to} (una remisión ha de llevar hacia abajo)";
    LAME_ITSELF = "lame: it names the servers of {zone}, itself among them, and gives no answer" | "cojo: nombra los servidores de {zone}, él incluido, y no responde";
    LAME_EMPTY = "an empty answer, and nothing that says why" | "una respuesta vacía, y nada que diga por qué";
    TIMED_OUT = "no answer within {time}" | "sin respuesta en {time}";
    CALL_FAILED = "{error}" | "{error}";
    GARBAGE = "what came is no answer: {why}" | "lo que llegó no es una respuesta: {why}";
    ENDED = "the connection ended after {bytes}, before the whole answer" | "la conexión terminó tras {bytes}, antes de la respuesta entera";
    WAS_CUT = "; {size}: too long for UDP, so it came over TCP" | "; {size}: demasiado para UDP, así que vino por TCP";
    STRAYS = "; {count} datagrams came that were no answer to the question, and were left out" | "; llegaron {count} datagramas que no respondían a la pregunta, y se dejaron";
    FETCHING = "the address of {server} is looked for first" | "primero se busca la dirección de {server}";
    NOT_ASKED_LOOP = "{server} can't be asked: its address would be found by asking {server}" | "a {server} no se le puede preguntar: su dirección la sabría {server}";
    NOT_ASKED_NO_ADDRESS = "{server} can't be asked: it has no such address" | "a {server} no se le puede preguntar: no tiene esa dirección";
    NOT_ASKED_FAILED = "{server} can't be asked: its address can't be found" | "a {server} no se le puede preguntar: no se encuentra su dirección";
    NOT_ASKED_TOO_DEEP = "{server} can't be asked: too many walks within walks" | "a {server} no se le puede preguntar: demasiadas búsquedas dentro de búsquedas";
    NOT_ASKED_UNUSABLE = "{server} can't be asked: its address is no single host's" | "a {server} no se le puede preguntar: su dirección no es de una sola máquina";
    NEXT_TYPE = "now {kind}, from what is known" | "ahora {kind}, desde lo que ya se sabe";
    RESTART = "on to {name}, from {zone} down" | "ahora {name}, desde {zone} hacia abajo";
    WHOSE_ZONE = "asked besides: {name} is in the zone {zone}" | "preguntado además: {name} está en la zona {zone}";
    WHOSE_ZONE_UNSAID = "asked besides: which zone {name} is in is not said" | "preguntado además: no dice en qué zona está {name}";
    IN_PARENT = "{name} is a name in the zone {zone}: it is not delegated" | "{name} es un nombre de la zona {zone}: no está delegado";
    OWN_ZONE = "{name} is a zone of its own: it is delegated" | "{name} es una zona propia: está delegada";
    HINTS_FAILED = "hints file {path}: {error}" | "archivo de pistas {path}: {error}";
    TOTAL = "{count} questions, {time}" | "{count} preguntas, {time}";
    STUCK_SILENT = "no server of {zone} answered in time" | "ningún servidor de {zone} respondió a tiempo";
    STUCK_UNREACHABLE = "no server of {zone} can be reached: {error}" | "no se llega a ningún servidor de {zone}: {error}";
    STUCK_LAME = "SERVFAIL: no server of {zone} speaks for it; the lines above say what each did" | "SERVFAIL: ningún servidor de {zone} habla por ella; las líneas de arriba dicen qué hizo cada uno";
    STUCK_NO_ADDRESS = "SERVFAIL: no server of {zone} has an address that can be found" | "SERVFAIL: ningún servidor de {zone} tiene una dirección que se encuentre";
    STUCK_ALIAS_LOOP = "SERVFAIL: the aliases go in a circle, back to {name}" | "SERVFAIL: los alias dan vueltas, de nuevo a {name}";
    STUCK_ALIASES = "SERVFAIL: more aliases in a row than are followed" | "SERVFAIL: más alias seguidos de los que se siguen";
    STUCK_QUESTIONS = "SERVFAIL: more questions than are asked for one name" | "SERVFAIL: más preguntas de las que se hacen por un nombre";
    STUCK_TIME = "not done within {time}, at the servers of {zone}; raise --timeout" | "sin terminar en {time}, en los servidores de {zone}; sube --timeout";
    NO_SUCH_NAME = "{name}: no such name (NXDOMAIN)" | "{name}: no existe ese nombre (NXDOMAIN)";
    NO_SUCH_RECORD = "{name}: the name exists, and has no {kind} record (NODATA)" | "{name}: el nombre existe y no tiene ningún registro {kind} (NODATA)";
}
