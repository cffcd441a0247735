#ifndef COLLATZ_H
#define COLLATZ_H

#include <stdint.h>

/* The steps from start to 1; 0 where a number on the way is too large. */
unsigned collatz_steps(uint64_t start);

#endif
