//! What is wrong with a recording, in English and Spanish.

crate::texts! {
    LINE = "line {line}: {reason}" | "línea {line}: {reason}";
    EMPTY = "the recording is empty" | "la grabación está vacía";
    NOT_A_RECORDING = "this is no recording: one begins with {header}" | "esto no es una grabación: una empieza por {header}";
    NEWER_SCHEMA = "the recording has schema {found}, and this version reads schema {known}: use the sockeye that made it, or a newer one" | "la grabación tiene el esquema {found}, y esta versión lee el {known}: usa el sockeye que la hizo, o uno más nuevo";
    TOO_LONG = "longer than {limit} MiB, the limit of a line" | "más de {limit} MiB, el límite de una línea";
    CUT_OFF = "the recording was cut off within this line" | "la grabación quedó cortada en esta línea";
    AFTER_THE_END = "more lines after the end of the recording" | "más líneas tras el final de la grabación";
    MALFORMED = "not an event: {why}" | "no es un suceso: {why}";
    MISSING = "the field \"{field}\" is missing" | "falta el campo \"{field}\"";
    WRONG = "the field \"{field}\" can't be right" | "el campo \"{field}\" no puede ser así";
}
