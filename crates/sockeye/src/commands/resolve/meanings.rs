//! One line on each type of record: what it is for.

use sockeye_names::RecordType;
use sockeye_view::catalogue::Text;
use sockeye_view::texts;

texts! {
    A = "an IPv4 address" | "una dirección IPv4";
    AAAA = "an IPv6 address" | "una dirección IPv6";
    NS = "a name server of the zone" | "un servidor de nombres de la zona";
    CNAME = "an alias: everything of this name is found at another" | "un alias: todo lo de este nombre está en otro";
    SOA = "the zone's own record: its first server, its keeper, its serial number and times" | "el registro de la propia zona: su primer servidor, su responsable, su número de serie y plazos";
    PTR = "the name that belongs to an address" | "el nombre que corresponde a una dirección";
    HINFO = "a machine's processor and system; also a server's way to refuse ANY" | "el procesador y el sistema de una máquina; también cómo un servidor declina ANY";
    MX = "a server that takes the domain's mail; the lowest number is tried first" | "un servidor que recibe el correo del dominio; primero el número más bajo";
    TXT = "free text, read by programs: SPF, proofs of ownership" | "texto libre que leen programas: SPF, pruebas de propiedad";
    RP = "who is responsible: a mailbox and a name with more text" | "quién es responsable: un buzón y un nombre con más texto";
    AFSDB = "a server of an AFS cell" | "un servidor de una celda AFS";
    LOC = "a place on earth" | "un lugar de la Tierra";
    SRV = "where a service is: priority, weight, port and host" | "dónde está un servicio: prioridad, peso, puerto y máquina";
    NAPTR = "a rule that rewrites a name, as for telephone numbers" | "una regla que reescribe un nombre, como en los números de teléfono";
    KX = "a host that exchanges keys for this one" | "una máquina que intercambia claves por esta";
    CERT = "a certificate" | "un certificado";
    DNAME = "an alias for everything below this name" | "un alias para todo lo que hay bajo este nombre";
    APL = "ranges of addresses" | "rangos de direcciones";
    DS = "the digest of the key of a zone below: DNSSEC's link from parent to child" | "el resumen de la clave de una zona de debajo: el eslabón de DNSSEC de madre a hija";
    SSHFP = "the fingerprint of a host's SSH key" | "la huella de la clave SSH de una máquina";
    IPSECKEY = "a key for IPsec, and its gateway" | "una clave de IPsec y su pasarela";
    RRSIG = "the signature over the records of one type" | "la firma de los registros de un tipo";
    NSEC = "the next name that exists: proof that there is none between" | "el siguiente nombre que existe: prueba de que no hay otro en medio";
    DNSKEY = "a public key of the zone" | "una clave pública de la zona";
    DHCID = "whose DHCP lease a name belongs to" | "a qué concesión DHCP pertenece un nombre";
    NSEC3 = "as NSEC, with the names hashed" | "como NSEC, con los nombres cifrados por resumen";
    NSEC3PARAM = "how the names of NSEC3 are hashed" | "cómo se resumen los nombres de NSEC3";
    TLSA = "which certificate a TLS server must show (DANE)" | "qué certificado debe mostrar un servidor TLS (DANE)";
    SMIMEA = "which certificate signs somebody's mail" | "qué certificado firma el correo de alguien";
    HIP = "a host's identity and its rendezvous servers" | "la identidad de una máquina y sus servidores de encuentro";
    CDS = "the DS that the zone wishes its parent to have" | "el DS que la zona desea que tenga su madre";
    CDNSKEY = "the key that the zone wishes its parent to refer to" | "la clave a la que la zona desea que apunte su madre";
    OPENPGPKEY = "somebody's OpenPGP key" | "la clave OpenPGP de alguien";
    CSYNC = "which records the parent should copy from the zone" | "qué registros debería copiar la madre de la zona";
    ZONEMD = "a digest of the whole zone" | "un resumen de toda la zona";
    SVCB = "how a service is reached: hosts, ports, protocols" | "cómo se llega a un servicio: máquinas, puertos, protocolos";
    HTTPS = "how the web server is reached: HTTP/2 or 3, ports, addresses" | "cómo se llega al servidor web: HTTP/2 o 3, puertos, direcciones";
    SPF = "who may send mail for the domain; TXT is used in its place" | "quién puede enviar correo por el dominio; en su lugar se usa TXT";
    EUI48 = "a MAC address of 48 bits" | "una dirección MAC de 48 bits";
    EUI64 = "an address of 64 bits of a device" | "una dirección de 64 bits de un dispositivo";
    URI = "the URI of a service" | "el URI de un servicio";
    CAA = "which authorities may issue certificates for the domain" | "qué autoridades pueden emitir certificados para el dominio";
    AMTRELAY = "a relay for multicast" | "un repetidor de multidifusión";
    ANY = "no type: whatever the server likes to give" | "ningún tipo: lo que el servidor quiera dar";
    UNKNOWN = "a type without an explanation here" | "un tipo sin explicación aquí";
}

/// The line of a type.
pub(super) fn of(kind: RecordType) -> Text {
    let name = sockeye_names::type_name(kind);
    let known = ALL.iter().find(|(known, _)| *known == name);
    known.map_or(UNKNOWN, |(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_belongs_to_a_type() {
        for (name, text) in ALL.iter().filter(|(name, _)| *name != "UNKNOWN") {
            let kind = sockeye_names::type_named(name).unwrap();
            assert_eq!(of(kind), *text);
        }
        assert_eq!(of(RecordType::from(65280)), UNKNOWN);
    }

    #[test]
    fn each_type_of_the_useful_set_is_explained() {
        for kind in sockeye_names::USUAL {
            assert_ne!(of(kind), UNKNOWN, "{kind}");
        }
    }
}
