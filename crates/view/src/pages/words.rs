//! The headings of pages, in English and Spanish.

use sockeye_model::texts;

texts! {
    CALLS = "calls" | "llamadas";
    OPTIONS = "options" | "opciones";
    ERRORS = "errors" | "errores";
    STATES = "states of a TCP connection" | "estados de una conexión TCP";
    CONCEPTS = "concepts" | "conceptos";
    RULES = "mistakes that sockeye trace finds" | "errores de programación que encuentra sockeye trace";
    CALL = "call" | "llamada";
    OPTION = "option" | "opción";
    ERROR = "error {number}: {meaning}" | "error {number}: {meaning}";
    STATE = "state of a TCP connection" | "estado de una conexión TCP";
    CONCEPT = "concept" | "concepto";
    RULE = "mistake" | "error de programación";
    ALSO_CALLED = "also" | "también";
    RETURNS = "It returns" | "Devuelve";
    FAILS = "It fails with" | "Falla con";
    BELIEVED = "Believed, and true" | "Lo que se cree y lo que es";
    BAD = "The mistake, in {tongue}" | "El error, en {tongue}";
    GOOD = "The correction, in {tongue}" | "La corrección, en {tongue}";
    SEE_IT = "See it" | "Para verlo";
    SEE_ALSO = "See also" | "Véase también";
    ASK = "sockeye explain TOPIC shows a page: sockeye explain recv" | "sockeye explain TEMA muestra una página: sockeye explain recv";
}
