//! What `trace` says beside narration and findings, in English and Spanish.

use sockeye_view::texts;

texts! {
    FORBIDDEN = "trace {what}: {error}: the system forbids tracing; ways out: {ways}" | "trazar {what}: {error}: el sistema prohíbe trazar; salidas: {ways}";
    A_PROGRAM = "a program" | "un programa";
    WAY_CONTAINER = "in a container --cap-add=SYS_PTRACE" | "en un contenedor --cap-add=SYS_PTRACE";
    WAY_SCOPE = "kernel.yama.ptrace_scope is {scope}: {way}" | "kernel.yama.ptrace_scope vale {scope}: {way}";
    WAY_SCOPE_START = "start the program with sockeye trace, or as root sysctl kernel.yama.ptrace_scope=0" | "arranca el programa con sockeye trace, o como root sysctl kernel.yama.ptrace_scope=0";
    WAY_SCOPE_ROOT = "only root may trace" | "solo root puede trazar";
    WAY_SCOPE_NEVER = "nobody may trace until the next start of the system" | "nadie puede trazar hasta que el sistema arranque de nuevo";
    WAY_OWNER = "a process with privileges of its own, or that hides its memory, only root may trace" | "un proceso con privilegios propios, o que oculta su memoria, solo puede trazarlo root";
    WAY_BECOME = "the process belongs to {owner}: be that user, or root" | "el proceso es de {owner}: sé ese usuario, o root";
    TRACED_ALREADY = "pid {pid} is traced already, by {name} (pid {tracer}): a process has one tracer at most" | "pid {pid} ya lo traza {name} (pid {tracer}): un proceso tiene como mucho un trazador";
    NO_PROCESS = "there is no process {pid}" | "no hay ningún proceso {pid}";
    BROKE_OFF = "tracing broke off: {error}" | "el trazado se interrumpió: {error}";
    OUTPUT_OPEN = "open {path}: {error}" | "abrir {path}: {error}";
    OUTPUT_FAILED = "write to {path}: {error}" | "write a {path}: {error}";
    NOBODY_LISTENS = "nothing listens after {time}: {command} is started all the same" | "nada escucha tras {time}: {command} arranca de todos modos";
    NOT_STARTED = "not started, since the first program has ended before it listened: {command}" | "no arrancó, porque el primer programa terminó antes de escuchar: {command}";
    ENDED_BEFORE = "the first program has ended before it listened" | "el primer programa terminó antes de escuchar";
}
