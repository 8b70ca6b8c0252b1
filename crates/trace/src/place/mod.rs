//! The line of a program that makes a call: from the interpreter of CPython, or from the symbols of a native program.
