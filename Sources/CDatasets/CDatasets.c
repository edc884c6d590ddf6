#include "CDatasets.h"

static const uint8_t digits[] = {
#embed "digits.csv.gz"
};

static const uint8_t wine[] = {
#embed "wine.csv.gz"
};

static const uint8_t breast_cancer[] = {
#embed "breast_cancer.csv.gz"
};

static const uint8_t unicode[] = {
#embed "unicode.bin"
};

const uint8_t *cdatasets_digits(void) { return digits; }
size_t cdatasets_digits_count(void) { return sizeof digits; }
const uint8_t *cdatasets_wine(void) { return wine; }
size_t cdatasets_wine_count(void) { return sizeof wine; }
const uint8_t *cdatasets_breast_cancer(void) { return breast_cancer; }
size_t cdatasets_breast_cancer_count(void) { return sizeof breast_cancer; }
const uint8_t *cdatasets_unicode(void) { return unicode; }
size_t cdatasets_unicode_count(void) { return sizeof unicode; }
