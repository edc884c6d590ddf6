#include "CDigits.h"

static const uint8_t bytes[] = {
#embed "digits.csv.gz"
};

const uint8_t *cdigits_bytes(void) { return bytes; }
size_t cdigits_count(void) { return sizeof bytes; }
