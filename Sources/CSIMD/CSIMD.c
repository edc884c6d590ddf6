// Everything in this target is inline; the file makes it a target.
#include "CSIMD.h"
