//! What the pages of an HTTP server say, in English and Spanish.

use sockeye_model::texts;

texts! {
    PATH = "Path" | "Ruta";
    PARENT = "Up to the parent folder" | "Subir a la carpeta superior";
    COLUMN_NAME = "Name" | "Nombre";
    COLUMN_SIZE = "Size" | "Tamaño";
    COLUMN_CHANGED = "Changed (UTC)" | "Modificado (UTC)";
    EMPTY = "This folder is empty." | "Esta carpeta está vacía.";
    SUM = "Folders: {folders}. Files: {files}, {size} together." | "Carpetas: {folders}. Archivos: {files}, {size} en total.";
    FIRST = "Shown are {shown} of {all}." | "Se muestran {shown} de {all}.";
    UNREADABLE = "It is here, but the server may not read it." | "Está aquí, pero el servidor no puede leerlo.";
    NOT_FOUND = "There is nothing of this name here." | "Aquí no hay nada con ese nombre.";
    METHOD = "Only GET and HEAD are answered here." | "Aquí solo se contesta a GET y HEAD.";
    MALFORMED = "The request can't be understood." | "La petición no se entiende.";
    RANGE = "The file has nothing of the range that was asked for." | "El fichero no tiene nada del intervalo pedido.";
    CHANGED = "The file is not the one that was meant." | "El fichero no es el que se esperaba.";
    SERVER_ERROR = "Something went wrong on this side." | "Algo ha fallado en este lado.";
    REFUSED = "The request was refused." | "La petición se ha rechazado.";
    HOST = "A request of HTTP/1.1 names one host, once." | "Una petición de HTTP/1.1 nombra un solo host, una vez.";
    BODY = "No request with a body is taken here." | "Aquí no se aceptan peticiones con cuerpo.";
    NAME = "This server is for this machine only: ask for localhost, or for the address." | "Este servidor es solo para esta máquina: pida localhost, o la dirección.";
    CROSS_SITE = "Another site may link to this one, but not use it." | "Otro sitio puede enlazar con este, pero no usarlo.";
}
