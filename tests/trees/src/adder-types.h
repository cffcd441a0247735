#ifndef TREES_ADDER_TYPES_H
#define TREES_ADDER_TYPES_H

#include <mp/proxy-types.h>
#include <mp/type-decay.h>
#include <mp/type-interface.h>
#include <mp/type-number.h>

#endif
