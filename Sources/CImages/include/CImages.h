// PNG and JPEG through libpng and libjpeg. In C, because both report errors by longjmp, which Swift cannot receive.
#pragma once
#include <stddef.h>
#include <stdint.h>
