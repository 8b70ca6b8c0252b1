//! What `ports` says, in English and Spanish.

use sockeye_view::texts;

texts! {
    PORT = "port {port}: {class}" | "puerto {port}: {class}";
    RANGE = "ports {first}-{last}: {classes}" | "puertos {first}-{last}: {classes}";
    WELL_KNOWN = "well-known, 0-1023" | "bien conocido, 0-1023";
    REGISTERED = "registered, 1024-49151" | "registrado, 1024-49151";
    DYNAMIC = "dynamic, 49152-65535" | "dinámico, 49152-65535";
    WELL_KNOWN_CLASS = "well-known" | "bien conocidos";
    REGISTERED_CLASS = "registered" | "registrados";
    DYNAMIC_CLASS = "dynamic" | "dinámicos";
    UNASSIGNED = "unassigned" | "sin asignar";
    NEVER_ASSIGNED = "never assigned to anybody" | "nunca se asigna a nadie";
    ALSO = "also called" | "también";
    SERVICES = "{name} ({transport}): so says /etc/services of this machine" | "{name} ({transport}): así lo dice /etc/services de esta máquina";
    USE = "use" | "uso";
    CUSTOM = "custom" | "costumbre";
    CUSTOM_USE = "{what} ({transports}): custom, not IANA's" | "{what} ({transports}): costumbre, no de la IANA";
    CUSTOM_ROW = "{what}: custom, not IANA's" | "{what}: costumbre, no de la IANA";
    SECURE = "secure" | "seguro";
    SECURE_SISTER = "{port} ({name}) is its secure sister" | "{port} ({name}) es su hermano seguro";
    SECURE_OF_MAIL = "{port} ({name}) is the one with TLS from the first byte, for mail that your program hands in" | "{port} ({name}) es el que lleva TLS desde el primer byte, para el correo que entrega tu programa";
    PLAIN_OF_SERVERS = "{port} ({name}) begins in plain text, and is for mail between servers" | "{port} ({name}) empieza en claro, y es para el correo entre servidores";
    PLAIN = "plain" | "en claro";
    PLAIN_SISTER = "{port} ({name}) is the same without encryption" | "{port} ({name}) es lo mismo sin cifrar";
    PLAIN_TELNET = "{port} ({name}) is the older one, without encryption" | "{port} ({name}) es el antiguo, sin cifrar";
    NOTE = "note" | "nota";
    HERE = "here" | "aquí";
    NOBODY = "nobody listens here" | "aquí no escucha nadie";
    HELD = "{transport} {address} {holder}" | "{transport} {address} {holder}";
    MORE_HOLD = "and {count} more: sockeye who {port}" | "y {count} más: sockeye who {port}";
    CANNOT_TELL = "cannot be told: {error}" | "no se puede saber: {error}";
    OF_OTHER_USER = "a process of another user" | "un proceso de otro usuario";
    UNSEEN = "a process that cannot be seen from here" | "un proceso que desde aquí no se ve";
    HEAD_PORT = "PORT" | "PUERTO";
    HEAD_OVER = "OVER" | "SOBRE";
    HEAD_NAME = "NAME" | "NOMBRE";
    HEAD_SECURE = "SECURE" | "SEGURO";
    HEAD_WHAT = "WHAT" | "QUÉ ES";
    EVERYDAY_END = "* custom, not IANA's. Ask: sockeye ports 443, ports https, ports 6881-6889, ports --search mail, ports --ranges" | "* costumbre, no de la IANA. Pregunta: sockeye ports 443, ports https, ports 6881-6889, ports --search mail, ports --ranges";
    NO_SERVICE = "no service is called {name}; close to it: {near}" | "ningún servicio se llama {name}; se parecen: {near}";
    NO_SERVICE_AT_ALL = "no service is called {name}, and none has a name close to it; try sockeye ports --search {name}" | "ningún servicio se llama {name} ni se parece; prueba sockeye ports --search {name}";
    NOTHING_FOUND = "no name, description or customary use has {word} in it" | "ningún nombre, descripción ni uso de costumbre contiene {word}";
    RANGES_CLASSES = "The classes of RFC 6335: IANA's order, not TCP's. TCP and UDP number their ports separately." | "Las clases del RFC 6335: el orden de la IANA, no de TCP. TCP y UDP numeran sus puertos por separado.";
    RANGES_ZERO = "no port on the wire; bind(2) to 0 means: choose one for me" | "no es un puerto en la red; bind(2) al 0 significa: elige uno por mí";
    RANGES_ZERO_CLASS = "reserved" | "reservado";
    RANGES_WELL_KNOWN = "assigned with care, mostly to standards; on Unix only privileged programs may bind them" | "se asignan con cuidado, casi siempre a estándares; en Unix solo programas con privilegio hacen bind ahí";
    RANGES_REGISTERED = "assigned by IANA to whoever applies; any program may bind them" | "los asigna la IANA a quien los pide; cualquier programa puede hacer bind";
    RANGES_DYNAMIC = "never assigned: for the clients' own ends, and for private use" | "nunca se asignan: para el extremo de los clientes y para uso privado";
    RANGES_HERE = "On this machine:" | "En esta máquina:";
    RANGES_CHOSEN = "chosen" | "elegidos";
    RANGES_CHOSEN_TEXT = "{count} ports that the kernel chooses from when a program names none (ip_local_port_range); Windows and macOS choose from 49152-65535" | "{count} puertos entre los que elige el núcleo cuando un programa no nombra ninguno (ip_local_port_range); Windows y macOS eligen entre 49152-65535";
    RANGES_PRIVILEGED = "privileged" | "con privilegio";
    RANGES_PRIVILEGED_TEXT = "binding them needs CAP_NET_BIND_SERVICE (ip_unprivileged_port_start is {start})" | "hacer bind ahí pide CAP_NET_BIND_SERVICE (ip_unprivileged_port_start es {start})";
    RANGES_NONE_PRIVILEGED = "none: any program may bind any port (ip_unprivileged_port_start is 0)" | "ninguno: cualquier programa puede hacer bind a cualquier puerto (ip_unprivileged_port_start es 0)";
    RANGES_KEPT = "kept" | "apartados";
    RANGES_KEPT_TEXT = "never chosen by the kernel, only by name (ip_local_reserved_ports)" | "el núcleo nunca los elige, hay que nombrarlos (ip_local_reserved_ports)";
    RANGES_NONE_KEPT = "none is kept out of that choice (ip_local_reserved_ports)" | "ninguno se aparta de esa elección (ip_local_reserved_ports)";
    RANGES_UNKNOWN = "cannot be read" | "no se puede leer";
    RANGES_OLD = "Older splits you may read of: 0-255 public and 256-1023 Unix, from before 1992 (RFC 1060): today 0-1023 is one class. \"Above 5000 for users\" is BSD's (IPPORT_USERRESERVED), and no rule today." | "Repartos antiguos que puedes leer: 0-255 públicos y 256-1023 de Unix, de antes de 1992 (RFC 1060): hoy 0-1023 es una sola clase. «Por encima de 5000 para usuarios» es de BSD (IPPORT_USERRESERVED), y hoy no es regla.";
}

#[cfg(test)]
mod tests {
    use sockeye_view::catalogue::Language;

    #[test]
    fn both_languages_fill_the_same_places() {
        for (name, text) in super::ALL {
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
