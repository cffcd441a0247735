#include "collatz.h"

unsigned collatz_steps(uint64_t start)
{
    unsigned steps = 0;
    for (uint64_t number = start; number > 1; ++steps) {
        if (number % 2 == 0) {
            number /= 2;
        } else if (number <= (UINT64_MAX - 1) / 3) {
            number = 3 * number + 1;
        } else {
            return 0;
        }
    }
    return steps;
}
