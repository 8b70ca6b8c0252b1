//! What ports are used for day by day: the services that everybody meets, and customs that IANA knows nothing of.

use sockeye_local::Transports;
use sockeye_view::catalogue::Text;

/// A use of one port or of a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) transports: Transports,
    /// In a few words.
    pub(super) what: Text,
    pub(super) by: By,
    /// Whether the short list has it.
    pub(super) everyday: bool,
}

/// Who says that the port is for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// IANA.
    Registry,
    /// Custom alone: IANA has the port unassigned, or gave it to something else.
    Custom,
}

/// The uses of `port`.
pub(super) fn of(port: u16) -> impl Iterator<Item = &'static Use> {
    USES.iter()
        .filter(move |used| (used.first..=used.last).contains(&port))
}

const fn known(
    ports: (u16, u16),
    transports: Transports,
    english: &'static str,
    spanish: &'static str,
) -> Use {
    Use {
        first: ports.0,
        last: ports.1,
        transports,
        what: Text::new(english, spanish),
        by: By::Registry,
        everyday: true,
    }
}

const fn custom(
    ports: (u16, u16),
    transports: Transports,
    english: &'static str,
    spanish: &'static str,
) -> Use {
    Use {
        by: By::Custom,
        everyday: false,
        ..known(ports, transports, english, spanish)
    }
}

/// A custom that everybody meets.
const fn daily(
    ports: (u16, u16),
    transports: Transports,
    english: &'static str,
    spanish: &'static str,
) -> Use {
    Use {
        everyday: true,
        ..custom(ports, transports, english, spanish)
    }
}

const TCP: Transports = Transports::TCP;
const UDP: Transports = Transports::UDP;
const BOTH: Transports = Transports::BOTH;

/// By number.
#[rustfmt::skip]
pub(super) const USES: &[Use] = &[
    known((7, 7), BOTH, "sends back what it gets", "devuelve lo que recibe"),
    known((20, 20), TCP, "FTP, data in active mode", "FTP, datos en modo activo"),
    known((21, 21), TCP, "FTP, commands", "FTP, órdenes"),
    known((22, 22), TCP, "remote shell and files, encrypted", "terminal remota y ficheros, cifrado"),
    known((23, 23), TCP, "remote terminal", "terminal remota"),
    known((25, 25), TCP, "mail between servers", "correo entre servidores"),
    known((37, 37), BOTH, "the time, in 4 binary bytes", "la hora, en 4 bytes binarios"),
    known((53, 53), BOTH, "DNS: names", "DNS: nombres"),
    known((67, 68), UDP, "DHCP: addresses for a network", "DHCP: direcciones para una red"),
    known((80, 80), TCP, "the web", "la web"),
    known((110, 110), TCP, "mail fetched by POP", "recoger correo con POP"),
    known((123, 123), UDP, "clocks set right", "poner relojes en hora"),
    known((143, 143), TCP, "mail read by IMAP", "leer correo con IMAP"),
    known((161, 161), UDP, "devices watched (SNMP)", "vigilar aparatos (SNMP)"),
    known((389, 389), TCP, "directories (LDAP)", "directorios (LDAP)"),
    known((443, 443), BOTH, "the web, encrypted; udp is HTTP/3", "la web, cifrada; udp es HTTP/3"),
    known((445, 445), TCP, "Windows file shares (SMB)", "carpetas de Windows (SMB)"),
    known((514, 514), UDP, "log messages", "mensajes de registro"),
    known((587, 587), TCP, "mail handed in", "entregar correo"),
    known((631, 631), TCP, "printing (IPP)", "imprimir (IPP)"),
    known((1194, 1194), BOTH, "OpenVPN", "OpenVPN"),
    known((1433, 1433), TCP, "Microsoft SQL Server", "Microsoft SQL Server"),
    daily((1521, 1521), TCP, "Oracle Database", "base de datos Oracle"),
    known((1883, 1883), TCP, "MQTT: messages of things", "MQTT: mensajes de las cosas"),
    custom((2082, 2082), TCP, "cPanel", "cPanel"),
    custom((2083, 2083), TCP, "cPanel over TLS", "cPanel sobre TLS"),
    custom((2095, 2095), TCP, "cPanel webmail", "webmail de cPanel"),
    custom((2096, 2096), TCP, "cPanel webmail over TLS", "webmail de cPanel sobre TLS"),
    custom((2181, 2181), TCP, "Apache ZooKeeper", "Apache ZooKeeper"),
    daily((3000, 3000), TCP, "Node.js and Rails servers; Grafana", "servidores Node.js y Rails; Grafana"),
    custom((3128, 3128), TCP, "Squid web proxy", "proxy web Squid"),
    known((3306, 3306), TCP, "MySQL, MariaDB", "MySQL, MariaDB"),
    known((3389, 3389), BOTH, "Windows remote desktop", "escritorio remoto de Windows"),
    custom((4200, 4200), TCP, "Angular, under development", "Angular, en desarrollo"),
    custom((4444, 4444), TCP, "Selenium", "Selenium"),
    custom((4662, 4662), TCP, "eMule", "eMule"),
    custom((4672, 4672), UDP, "eMule", "eMule"),
    custom((5000, 5000), TCP, "Flask servers; Docker registry", "servidores Flask; registro de Docker"),
    known((5060, 5060), BOTH, "telephone calls (SIP)", "llamadas de teléfono (SIP)"),
    custom((5173, 5173), TCP, "Vite, under development", "Vite, en desarrollo"),
    known((5353, 5353), UDP, "names in the local network (mDNS)", "nombres en la red local (mDNS)"),
    known((5432, 5432), TCP, "PostgreSQL", "PostgreSQL"),
    custom((5555, 5555), TCP, "Android's adb over the network", "adb de Android por la red"),
    custom((5601, 5601), TCP, "Kibana", "Kibana"),
    known((5900, 5900), TCP, "remote screen (VNC)", "pantalla remota (VNC)"),
    custom((5901, 5903), TCP, "remote screens 1 to 3 (VNC)", "pantallas remotas 1 a 3 (VNC)"),
    known((6379, 6379), TCP, "Redis", "Redis"),
    custom((6443, 6443), TCP, "Kubernetes API", "API de Kubernetes"),
    daily((6881, 6889), BOTH, "BitTorrent", "BitTorrent"),
    custom((7001, 7001), TCP, "Oracle WebLogic", "Oracle WebLogic"),
    daily((8000, 8000), TCP, "python3 -m http.server, Django", "python3 -m http.server, Django"),
    custom((8009, 8009), TCP, "Tomcat's AJP", "AJP de Tomcat"),
    known((8080, 8080), TCP, "the web, where 80 cannot be had", "la web, donde no puede ser el 80"),
    custom((8086, 8086), TCP, "InfluxDB", "InfluxDB"),
    custom((8123, 8123), TCP, "Home Assistant; ClickHouse", "Home Assistant; ClickHouse"),
    custom((8333, 8333), TCP, "Bitcoin", "Bitcoin"),
    daily((8443, 8443), TCP, "the web, encrypted, where not 443", "la web, cifrada, si no es el 443"),
    custom((8888, 8888), TCP, "Jupyter notebooks", "cuadernos de Jupyter"),
    custom((9000, 9000), TCP, "PHP-FPM; MinIO", "PHP-FPM; MinIO"),
    custom((9042, 9042), TCP, "Cassandra", "Cassandra"),
    custom((9050, 9050), TCP, "Tor, as a SOCKS proxy", "Tor, como proxy SOCKS"),
    daily((9090, 9090), TCP, "Prometheus; Cockpit", "Prometheus; Cockpit"),
    custom((9092, 9092), TCP, "Apache Kafka", "Apache Kafka"),
    custom((9100, 9100), TCP, "Prometheus node exporter", "node exporter de Prometheus"),
    daily((9200, 9200), TCP, "Elasticsearch, OpenSearch", "Elasticsearch, OpenSearch"),
    custom((9300, 9300), TCP, "Elasticsearch, OpenSearch, between nodes", "Elasticsearch, OpenSearch, entre nodos"),
    custom((10000, 10000), TCP, "Webmin", "Webmin"),
    custom((10250, 10250), TCP, "Kubernetes kubelet", "kubelet de Kubernetes"),
    custom((15672, 15672), TCP, "RabbitMQ's web page", "página web de RabbitMQ"),
    custom((19132, 19132), UDP, "Minecraft, Bedrock edition", "Minecraft, edición Bedrock"),
    daily((25565, 25565), TCP, "Minecraft, Java edition", "Minecraft, edición Java"),
    known((26000, 26000), UDP, "Quake", "Quake"),
    custom((27015, 27015), BOTH, "game servers of Valve's Source engine", "servidores de juegos del motor Source de Valve"),
    known((27017, 27017), TCP, "MongoDB", "MongoDB"),
    custom((50000, 50000), TCP, "IBM Db2", "IBM Db2"),
    custom((51413, 51413), BOTH, "BitTorrent (Transmission)", "BitTorrent (Transmission)"),
    daily((51820, 51820), UDP, "WireGuard", "WireGuard"),
    custom((64738, 64738), BOTH, "Mumble", "Mumble"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use sockeye_local::registered;

    #[test]
    fn what_is_called_custom_is_nothing_that_iana_registered_there() {
        for used in USES.iter().filter(|used| used.by == By::Custom) {
            let text = used.what.english;
            let names = text
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| word.len() > 2 && word.starts_with(char::is_uppercase));
            for name in names.filter(|name| !["TLS", "API", "SOCKS"].contains(name)) {
                for row in (used.first..=used.last).flat_map(registered) {
                    let says = format!("{} {}", row.name.unwrap_or_default(), row.description);
                    let has = says.to_lowercase().contains(&name.to_lowercase());
                    assert!(!has, "{name}: {row:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_called_registered_has_a_name_for_each_of_its_transports() {
        for used in USES.iter().filter(|used| used.by == By::Registry) {
            for port in used.first..=used.last {
                for transport in used.transports.iter() {
                    let named = |row: &sockeye_local::Registered| {
                        row.name.is_some() && row.transports.contains(transport)
                    };
                    assert!(registered(port).iter().any(named), "{port}/{transport}");
                }
            }
        }
    }

    #[test]
    fn they_are_in_order_and_the_short_list_is_short() {
        assert!(USES.is_sorted_by_key(|used| used.first));
        assert!(USES.iter().all(|used| used.first <= used.last));
        let everyday = USES.iter().filter(|used| used.everyday).count();
        assert!((30..=45).contains(&everyday), "{everyday}");
    }
}
