//! What `resolve` says of an answer and of the way to it, in English and Spanish.

use sockeye_view::texts;

texts! {
    NO_SUCH_NAME = "{name} does not exist (NXDOMAIN), says {server}" | "{name} no existe (NXDOMAIN), dice {server}";
    ALIAS_TO_NOTHING = "{name} is an alias of {target}, which does not exist (NXDOMAIN), says {server}" | "{name} es un alias de {target}, que no existe (NXDOMAIN), dice {server}";
    NO_DATA = "{name} exists and has no {types} record, says {server}" | "{name} existe y no tiene registro {types}, dice {server}";
    ALIAS_NO_DATA = "{name} is an alias of {target}, which exists and has no {types} record, says {server}" | "{name} es un alias de {target}, que existe y no tiene registro {types}, dice {server}";
    ELSEWHERE = "{name} is an alias of {target}, and {server} says no more of it: ask a server that knows {target}" | "{name} es un alias de {target}, y {server} no dice más: pregunta a un servidor que conozca {target}";
    TOO_MANY_ALIASES = "{name}: more aliases in a row than are followed ({count}), says {server}" | "{name}: más alias seguidos de los que se siguen ({count}), dice {server}";
    LOOP = "{name}: its aliases lead back to {target}, says {server}" | "{name}: sus alias vuelven a {target}, dice {server}";
    REFERRAL = "{name}: {server} does not know, and names others who do: {others} for {zone}" | "{name}: {server} no lo sabe y nombra a otros que sí: {others} para {zone}";
    ERROR = "{name} {types}: {code} from {server}: {meaning}{extended}" | "{name} {types}: {code} de {server}: {meaning}{extended}";
    EXTENDED = "; it adds: {meaning} ({number}){text}" | "; añade: {meaning} ({number}){text}";
    EXTENDED_UNKNOWN = "; it adds: extended error {number}{text}" | "; añade: error extendido {number}{text}";
    HERE_NO_DATA = "{name} is in {path} and has no {types} record there; DNS is then not asked" | "{name} está en {path} y no tiene ahí registro {types}; entonces no se pregunta al DNS";
    HERE_NOTHING = "{name} is not in {path}, and nsswitch.conf ends the search there" | "{name} no está en {path}, y nsswitch.conf termina ahí la búsqueda";
    LOCALHOST_ONLY = "{name} is this machine and has no {types} record: localhost is never asked for" | "{name} es esta máquina y no tiene registro {types}: por localhost no se pregunta";
    NOT_ASKED = "{name}: nsswitch.conf asks no DNS for hosts, and the hosts file does not know it; --server asks a server" | "{name}: nsswitch.conf no pregunta al DNS por máquinas y el archivo hosts no lo conoce; --server pregunta a un servidor";
    TRIED = "; tried too: {names}" | "; se probó también: {names}";
    NO_ANSWER = "{name} {types}: no answer from {server} within {time}; nothing there, a firewall, or --timeout too short" | "{name} {types}: sin respuesta de {server} en {time}; no hay nada, un cortafuegos, o --timeout demasiado corto";
    STRAY = "; 1 datagram came that does not answer this question (another id, or no DNS): a broken server, or somebody guessing" | "; llegó 1 datagrama que no responde a esta pregunta (otro id, o no es DNS): un servidor averiado, o alguien que prueba suerte";
    STRAYS = "; {count} datagrams came that do not answer this question (another id, or no DNS): a broken server, or somebody guessing" | "; llegaron {count} datagramas que no responden a esta pregunta (otro id, o no son DNS): un servidor averiado, o alguien que prueba suerte";
    TRACE_IT = "; see where it fails: sockeye resolve --trace {name}" | "; mira dónde falla: sockeye resolve --trace {name}";
    CLOSED = "no name server at {address}{named}: its port is closed; is it running? sockeye who {port}" | "no hay servidor de nombres en {address}{named}: el puerto está cerrado; ¿está en marcha? sockeye who {port}";
    CLOSED_ELSEWHERE = "no name server at {address}{named}: its port is closed (ECONNREFUSED), by that machine or by a firewall" | "no hay servidor de nombres en {address}{named}: el puerto está cerrado (ECONNREFUSED), por esa máquina o por un cortafuegos";
    NAMED_IN = " (named in {path})" | " (lo nombra {path})";
    NAMED_NOWHERE = " ({path} names no other)" | " ({path} no nombra otro)";
    SILENT = "{server}{configured}: no answer within {time}{then}" | "{server}{configured}: sin respuesta en {time}{then}";
    THEN = "; then {server} was asked" | "; luego se preguntó a {server}";
    IN_ALL = "{time} in all" | "{time} en total";
    ALL_SILENT = "{name} {types}: no answer from {servers}, {time} in all; nothing there, a firewall, or --timeout too short" | "{name} {types}: sin respuesta de {servers}, {time} en total; no hay nada, un cortafuegos, o --timeout demasiado corto";
    GARBAGE = "{name} {types}: what {server} sent is no answer: {why}" | "{name} {types}: lo que envió {server} no es una respuesta: {why}";
    CUT_OFF = "{name} {types}: {server} ended the connection after {got} B, before the whole answer had come" | "{name} {types}: {server} cerró la conexión tras {got} B, antes de llegar toda la respuesta";
    CUT_SHORT = "{name} {types}: {server} answered over UDP, cut short, and TCP to the same port {tcp}; DNS needs both: a firewall that lets only UDP through?" | "{name} {types}: {server} respondió por UDP, cortado, y TCP al mismo puerto {tcp}; el DNS necesita ambos: ¿un cortafuegos que solo deja pasar UDP?";
    TCP_REFUSED = "is refused (ECONNREFUSED)" | "lo rechazan (ECONNREFUSED)";
    TCP_SILENT = "stays silent" | "queda en silencio";
    TCP_FAILED = "fails ({error})" | "falla ({error})";
    ALL_SAY_THE_SAME = "all {count} say the same: {servers}" | "los {count} dicen lo mismo: {servers}";
    THEY_DIFFER = "the answers differ" | "las respuestas difieren";
    THEY_DIFFER_SHORT = "the answers differ; without --short it is shown who says what" | "las respuestas difieren; sin --short se ve quién dice qué";
    SAY = "{servers} say:" | "{servers} dicen:";
    SAYS = "{servers} says:" | "{servers} dice:";
    ONLY_HERE = "only here" | "solo aquí";
    FROM_SERVER = "{server}{configured}, {transport}, {time}: {counts}" | "{server}{configured}, {transport}, {time}: {counts}";
    CUT_FIRST = "tcp (the answer over udp was cut short)" | "tcp (la respuesta por udp llegó cortada)";
    AGAIN = ", {tries} tries" | ", {tries} intentos";
    FROM_HOSTS = "{path}: {counts}; DNS was not asked" | "{path}: {counts}; no se preguntó al DNS";
    FROM_LOCALHOST = "localhost is this machine, by rule (RFC 6761): {counts}; nobody was asked" | "localhost es esta máquina, por norma (RFC 6761): {counts}; no se preguntó a nadie";
    COUNT = "{type} {count}" | "{type} {count}";
    COUNT_NONE = "no {type}" | "sin {type}";
    COUNT_FAILED = "{type} {code}" | "{type} {code}";
    IN_ITS_SCRIPT = "{script} is asked for as {name}" | "por {script} se pregunta como {name}";
    MATCHED = "found as {name}" | "encontrado como {name}";
    ANY = "ANY: a server may answer with whatever it likes (RFC 8482); \"all\" asks for each type" | "ANY: un servidor puede responder lo que quiera (RFC 8482); \"all\" pregunta por cada tipo";
    STEP_HOSTS = "hosts file {path}: lines for {name}: {count}, so DNS is not asked for its addresses" | "archivo hosts {path}: líneas para {name}: {count}, así que no se pregunta al DNS por sus direcciones";
    STEP_HOSTS_NOT = "hosts file {path}: nothing of {name}" | "archivo hosts {path}: nada de {name}";
    STEP_HOSTS_UNREAD = "hosts file {path}: {error}" | "archivo hosts {path}: {error}";
    STEP_LOCALHOST = "localhost: this machine by rule, whatever DNS would say (RFC 6761)" | "localhost: esta máquina por norma, diga lo que diga el DNS (RFC 6761)";
    STEP_LEFT_OUT = "{service} (nsswitch.conf): not asked, only the system's own module can" | "{service} (nsswitch.conf): no se le pregunta, solo puede el módulo del sistema";
    STEP_ENDED = "nsswitch.conf: the search ends after {service}" | "nsswitch.conf: la búsqueda termina tras {service}";
    STEP_NO_DNS = "nsswitch.conf: names no DNS for hosts" | "nsswitch.conf: no nombra el DNS para máquinas";
    STEP_SERVERS = "{path}: ask {servers}; your program's part is small: it asks, and a recursive server finds out or remembers" | "{path}: se pregunta a {servers}; tu programa hace poco: pregunta, y un servidor recursivo averigua o recuerda";
    STEP_NO_SERVERS = "{path} names no server, so {servers} is asked: the one on this machine" | "{path} no nombra ningún servidor, así que se pregunta a {servers}: el de esta máquina";
    STEP_SERVERS_UNREAD = "{path}: {error}; so the server on this machine is asked: {servers}" | "{path}: {error}; así que se pregunta al servidor de esta máquina: {servers}";
    STEP_SEARCH = "search list: {names}, until one has a record" | "lista de búsqueda: {names}, hasta que uno tenga un registro";
    STEP_ABSOLUTE = "the name ends with a dot: no search list" | "el nombre acaba en punto: sin lista de búsqueda";
    STEP_ASKED = "{server}  {name} {type}: {what}" | "{server}  {name} {type}: {what}";
    SAID_RECORD = "1 record, {transport}, {time}" | "1 registro, {transport}, {time}";
    SAID_RECORDS = "{count} records, {transport}, {time}" | "{count} registros, {transport}, {time}";
    SAID_NO_DATA = "the name exists, no such record, {transport}, {time}" | "el nombre existe, sin tal registro, {transport}, {time}";
    SAID_NO_NAME = "no such name (NXDOMAIN), {transport}, {time}" | "no existe ese nombre (NXDOMAIN), {transport}, {time}";
    SAID_ERROR = "{code}: {meaning}{extended}, {transport}, {time}" | "{code}: {meaning}{extended}, {transport}, {time}";
    SAID_REFERRAL = "does not know, names others, {transport}, {time}" | "no lo sabe, nombra a otros, {transport}, {time}";
    SAID_ELSEWHERE = "an alias, and no more of where it leads, {transport}, {time}" | "un alias, y nada más de adónde lleva, {transport}, {time}";
    SAID_LOOP = "aliases without an end, {transport}, {time}" | "alias sin fin, {transport}, {time}";
    AUTHORITATIVE = "{server} has the zone itself: the answer is authoritative" | "{server} tiene la propia zona: la respuesta es autoritativa";
    NOT_AUTHORITATIVE = "{server} does not have the zone: it asked others, or remembered (TTL says how much longer it may); which of the two can't be known" | "{server} no tiene la zona: preguntó a otros, o recordaba (TTL dice cuánto más puede); cuál de las dos, no se puede saber";
    AUTHENTIC = "{server} says that it has checked the signatures (AD); it is believed only as far as the way to it is safe" | "{server} dice que ha comprobado las firmas (AD); vale lo que valga de seguro el camino hasta él";
    NO_RECURSION = "{server} does not ask others (no RA): it answers for its own zones only" | "{server} no pregunta a otros (sin RA): responde solo por sus zonas";
    WHO_IS_ASKED = "no file of this machine is looked at: --server names who is asked" | "no se mira ningún archivo de esta máquina: --server dice a quién se pregunta";
    MEANING_FORMERR = "it could not read the question" | "no pudo leer la pregunta";
    MEANING_SERVFAIL = "it could not find out" | "no pudo averiguarlo";
    MEANING_NOTIMP = "it does not do this kind of question" | "no atiende este tipo de pregunta";
    MEANING_REFUSED = "it does not serve this zone, or not to you" | "no sirve esta zona, o no a ti";
    MEANING_NOTAUTH = "it is not in charge of this zone" | "no lleva esta zona";
    MEANING_OTHER = "an error" | "un error";
}

#[cfg(test)]
mod tests {
    use sockeye_view::catalogue::Language;

    #[test]
    fn both_languages_fill_the_same_places() {
        let tables = [
            super::ALL,
            super::super::meanings::ALL,
            super::super::errors::ALL,
            super::super::walk_words::ALL,
        ];
        for (name, text) in tables.into_iter().flatten() {
            let places = |language| {
                let mut places = text.places(language);
                places.sort_unstable();
                places
            };
            assert_eq!(
                places(Language::English),
                places(Language::Spanish),
                "{name}"
            );
        }
    }
}
