//! What the tool itself says in status lines and errors, in English and Spanish.

use sockeye_view::texts;

texts! {
    HOLDER = "{address} is held by {name}, pid {pid}" | "{address} lo tiene {name}, pid {pid}";
    HOLDER_OF_OTHER_USER = "{address} is held by a process that this user may not see" | "{address} lo tiene un proceso que este usuario no puede ver";
    RESTING = "{count} old connections rest there (TIME_WAIT); reuseaddr binds all the same" | "{count} conexiones viejas reposan ahí (TIME_WAIT); con reuseaddr se puede igual";
    NEARBY = "{protocol} {address} is open here ({name}); did you mean {line}?" | "aquí está abierto {protocol} {address} ({name}); ¿querías {line}?";
    NEARBY_UNKNOWN = "a process of another user" | "un proceso de otro usuario";
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
    TIMED_OUT = "{call} to {address}: no answer within {time}; nothing there, a firewall, or --timeout too short" | "{call} a {address}: sin respuesta en {time}; no hay nada, un cortafuegos, o --timeout demasiado corto";
    RESET = "reset by {address} after {bytes} had arrived: it threw the connection away, what had not arrived is lost" | "{address} reinició la conexión tras llegar {bytes}: la tiró, lo que no había llegado se perdió";
    IDLE = "{address}: nothing has moved for {time}, and --idle allows no more" | "{address}: nada se ha movido en {time}, y --idle no permite más";
    STILL_WAITING = "not all answered within {time}; missing: {addresses}" | "no todos respondieron en {time}; falta: {addresses}";
    COMMAND_FAILED = "run {command}: {error}" | "ejecutar {command}: {error}";
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
