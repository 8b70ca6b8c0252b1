//! What the pages of an HTTP server say, in English and Spanish.

use sockeye_model::texts;

texts! {
    FRONT = "This is sockeye's HTTP server, and it works." | "Este es el servidor HTTP de sockeye, y funciona.";
    NOT_FOUND = "There is nothing of this name here." | "Aquí no hay nada con ese nombre.";
    METHOD = "Only GET and HEAD are answered here." | "Aquí solo se contesta a GET y HEAD.";
    MALFORMED = "The request can't be understood." | "La petición no se entiende.";
    SERVER_ERROR = "Something went wrong on this side." | "Algo ha fallado en este lado.";
    REFUSED = "The request was refused." | "La petición se ha rechazado.";
    HOST = "A request of HTTP/1.1 names one host, once." | "Una petición de HTTP/1.1 nombra un solo host, una vez.";
    BODY = "No request with a body is taken here." | "Aquí no se aceptan peticiones con cuerpo.";
    NAME = "This server is for this machine only: ask for localhost, or for the address." | "Este servidor es solo para esta máquina: pida localhost, o la dirección.";
    CROSS_SITE = "Another site may link to this one, but not use it." | "Otro sitio puede enlazar con este, pero no usarlo.";
}
