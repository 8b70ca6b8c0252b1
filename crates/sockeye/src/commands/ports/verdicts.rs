//! What there is to know about a port beyond its name: what the number is really for, and what is often said wrongly.

use sockeye_view::catalogue::Text;
use sockeye_view::texts;

texts! {
    ZERO = "Reserved: it cannot be used on the wire. bind(2) to port 0 means: choose one for me." | "Reservado: no se puede usar en la red. bind(2) al puerto 0 significa: elige uno por mí.";
    ECHO = "Sends back any bytes, whatever they are (RFC 862). Off nearly everywhere: over UDP two such services, or a forged sender, make a loop. sockeye serve has it on 7007." | "Devuelve cualquier byte, sea lo que sea (RFC 862). Apagado en casi todas partes: sobre UDP dos servicios así, o un remitente falso, hacen un bucle. sockeye serve lo tiene en 7007.";
    DISCARD = "Takes everything and answers nothing (RFC 863). sockeye serve has it on 7009." | "Lo acepta todo y no contesta nada (RFC 863). sockeye serve lo tiene en 7009.";
    DAYTIME = "Date and time as a line of text (RFC 867); the server speaks first. The binary one is time, port 37. sockeye serve has it on 7013." | "Fecha y hora en una línea de texto (RFC 867); habla primero el servidor. La binaria es time, puerto 37. sockeye serve lo tiene en 7013.";
    CHARGEN = "Sends characters without end over TCP, one message for each over UDP (RFC 864). Off nearly everywhere: a forged sender turns it against others. sockeye serve has it on 7019." | "Envía caracteres sin fin sobre TCP y un mensaje por cada uno sobre UDP (RFC 864). Apagado en casi todas partes: un remitente falso lo vuelve contra otros. sockeye serve lo tiene en 7019.";
    FTP_DATA = "Only in FTP's active mode, where the server connects from its port 20 back to the client. In passive mode, which is the usual one today, data goes to a high port of the server. Either way FTP is two connections." | "Solo en el modo activo de FTP, donde el servidor se conecta desde su puerto 20 al cliente. En modo pasivo, el habitual hoy, los datos van a un puerto alto del servidor. De un modo u otro, FTP son dos conexiones.";
    FTP = "The commands of FTP, in plain text, the password too. Each listing and each file goes over a second connection." | "Las órdenes de FTP, en claro, también la contraseña. Cada listado y cada fichero van por una segunda conexión.";
    SSH = "Encrypted. sftp and scp run inside it and have no port of their own." | "Cifrado. sftp y scp van por dentro y no tienen puerto propio.";
    TELNET = "Plain text, the password too: ssh (22) took its place." | "En claro, también la contraseña: ssh (22) ocupó su lugar.";
    SMTP = "Mail between servers (RFC 5321). Your own program hands its mail in on 587 or 465. It begins in plain text; STARTTLS turns this same port to TLS." | "Correo entre servidores (RFC 5321). Tu programa entrega el suyo por el 587 o el 465. Empieza en claro; STARTTLS pasa este mismo puerto a TLS.";
    TIME = "Answers with 4 binary bytes, no text: the seconds since 1900, which wrap in 2036 (RFC 868). Text is daytime, port 13 (RFC 867). Over UDP the client must send something first. sockeye serve has it on 7037." | "Contesta con 4 bytes binarios, no texto: los segundos desde 1900, que dan la vuelta en 2036 (RFC 868). El texto es daytime, puerto 13 (RFC 867). Sobre UDP el cliente debe enviar algo primero. sockeye serve lo tiene en 7037.";
    DOMAIN = "UDP first, TCP for answers that are too big for it. Encrypted it is 853: DoT over tcp, DoQ over udp." | "Primero UDP, y TCP para respuestas que no caben. Cifrado es el 853: DoT sobre tcp, DoQ sobre udp.";
    HTTP = "Plain text; the client speaks first. HTTPS is 443." | "En claro; habla primero el cliente. HTTPS es el 443.";
    POP3 = "Plain text, the password too, unless STLS comes first; 995 (pop3s) begins with TLS." | "En claro, también la contraseña, salvo que antes vaya STLS; el 995 (pop3s) empieza con TLS.";
    IMAP = "Today's IMAP (IMAP4). Plain text unless STARTTLS comes first; 993 (imaps) begins with TLS." | "El IMAP de hoy (IMAP4). En claro salvo que antes vaya STARTTLS; el 993 (imaps) empieza con TLS.";
    IMAP3 = "Obsolete: IMAP3 (RFC 1203) is historic and no mail uses it. Today's IMAP is IMAP4, on 143 (imap) and 993 (imaps)." | "Obsoleto: IMAP3 (RFC 1203) es histórico y ningún correo lo usa. El IMAP de hoy es IMAP4, en 143 (imap) y 993 (imaps).";
    RESERVED_255 = "Reserved (249-255). Old texts let the public ports end at 255, or the superuser's begin there: a split from before 1992 (RFC 1060). Today 0-1023 is one class." | "Reservado (249-255). Textos antiguos acaban en 255 los puertos públicos, o empiezan ahí los del superusuario: un reparto de antes de 1992 (RFC 1060). Hoy 0-1023 es una sola clase.";
    LDAP = "Plain text unless StartTLS comes first; 636 (ldaps) begins with TLS." | "En claro salvo que antes vaya StartTLS; el 636 (ldaps) empieza con TLS.";
    HTTPS = "tcp 443 is HTTP over TLS; udp 443 is HTTP/3, over QUIC." | "tcp 443 es HTTP sobre TLS; udp 443 es HTTP/3, sobre QUIC.";
    SUBMISSIONS = "Mail handed in by your program, with TLS from the first byte (RFC 8314). 587 is the same, begun in plain text. udp 465 is another service." | "El correo que entrega tu programa, con TLS desde el primer byte (RFC 8314). El 587 es lo mismo, empezado en claro. udp 465 es otro servicio.";
    SUBMISSION = "The service is submission (RFC 6409): your program hands in its mail, with a login. The protocol it speaks is SMTP. 465 (submissions) is the same with TLS from the first byte (RFC 8314)." | "El servicio es submission (RFC 6409): tu programa entrega su correo, con identificación. El protocolo que habla es SMTP. El 465 (submissions) es lo mismo con TLS desde el primer byte (RFC 8314).";
    OPENVPN = "OpenVPN's own, registered for tcp and udp." | "Propio de OpenVPN, registrado para tcp y udp.";
    MS_SQL = "Microsoft SQL Server's own, registered for tcp and udp." | "Propio de Microsoft SQL Server, registrado para tcp y udp.";
    ORACLE = "Not Oracle's: IANA gave it to nCube's license manager (ncube-lm), and notes that others use it without leave. Oracle's databases do, by custom; its own are 1525 (orasrv), 2483 (ttc) and 2484 (ttc-ssl)." | "No es de Oracle: la IANA lo dio al gestor de licencias de nCube (ncube-lm), y anota que otros lo usan sin permiso. Las bases de datos Oracle lo hacen por costumbre; los suyos son 1525 (orasrv), 2483 (ttc) y 2484 (ttc-ssl).";
    WEBMAIL = "Not webmail: IANA gave it to nbx-ser. Webmail here is cPanel's custom." | "No es webmail: la IANA lo dio a nbx-ser. El webmail aquí es costumbre de cPanel.";
    MYSQL = "MySQL's own, registered for tcp and udp; MariaDB uses it too." | "Propio de MySQL, registrado para tcp y udp; MariaDB lo usa también.";
    EMULE = "Not eMule's: IANA gave it to OrbitNet Message Service (oms). eMule uses tcp 4662 and udp 4672 by custom." | "No es de eMule: la IANA lo dio a OrbitNet Message Service (oms). eMule usa tcp 4662 y udp 4672 por costumbre.";
    EMULE_UDP = "Not eMule's: IANA gave it to a remote file access server (rfa). eMule uses tcp 4662 and udp 4672 by custom." | "No es de eMule: la IANA lo dio a un servidor de ficheros remotos (rfa). eMule usa tcp 4662 y udp 4672 por costumbre.";
    ABOVE_5000 = "\"Above 5000 for users' programs\" is a relic of BSD (IPPORT_USERRESERVED), and no rule today: sockeye ports --ranges." | "«Por encima de 5000 para programas de usuario» es un resto de BSD (IPPORT_USERRESERVED), y hoy no es regla: sockeye ports --ranges.";
    BITTORRENT = "Not registered: IANA has it unassigned. BitTorrent used 6881-6889 by custom; today's programs pick any port." | "No está registrado: la IANA lo tiene sin asignar. BitTorrent usaba 6881-6889 por costumbre; los programas de hoy eligen cualquier puerto.";
    MINECRAFT = "Not registered: IANA has it unassigned. Minecraft's Java edition uses it by custom, over tcp; the Bedrock edition uses udp 19132." | "No está registrado: la IANA lo tiene sin asignar. Lo usa por costumbre la edición Java de Minecraft, sobre tcp; la edición Bedrock usa udp 19132.";
    BEDROCK = "Not registered: IANA has it unassigned. Minecraft's Bedrock edition uses it by custom, over udp; the Java edition uses tcp 25565." | "No está registrado: la IANA lo tiene sin asignar. Lo usa por costumbre la edición Bedrock de Minecraft, sobre udp; la edición Java usa tcp 25565.";
    QUAKE = "Quake's own, registered for tcp and udp; the game speaks UDP." | "Propio de Quake, registrado para tcp y udp; el juego habla UDP.";
}

/// The verdict on `port`, if there is one.
pub(super) fn on(port: u16) -> Option<Text> {
    Some(match port {
        0 => ZERO,
        7 => ECHO,
        9 => DISCARD,
        13 => DAYTIME,
        19 => CHARGEN,
        20 => FTP_DATA,
        21 => FTP,
        22 => SSH,
        23 => TELNET,
        25 => SMTP,
        37 => TIME,
        53 => DOMAIN,
        80 => HTTP,
        110 => POP3,
        143 => IMAP,
        220 => IMAP3,
        255 => RESERVED_255,
        389 => LDAP,
        443 => HTTPS,
        465 => SUBMISSIONS,
        587 => SUBMISSION,
        1194 => OPENVPN,
        1433 => MS_SQL,
        1521 => ORACLE,
        2095 => WEBMAIL,
        3306 => MYSQL,
        4662 => EMULE,
        4672 => EMULE_UDP,
        5000 => ABOVE_5000,
        6881..=6887 | 6889 => BITTORRENT,
        19132 => BEDROCK,
        25565 => MINECRAFT,
        26000 => QUAKE,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_is_given_and_told_in_both_languages() {
        let given: Vec<Text> = (0..=u16::MAX).filter_map(on).collect();
        for (name, text) in ALL {
            assert!(given.contains(text), "{name} is on no port");
            assert_ne!(text.english, text.spanish, "{name}");
        }
    }

    #[test]
    fn a_port_that_is_called_unassigned_is() {
        for port in 0..=u16::MAX {
            if on(port).is_some_and(|text| text.english.contains("unassigned")) {
                assert_eq!(sockeye_local::registered(port), [], "{port}");
            }
        }
    }
}
