#include "report.h"

#include <qrencode.h>

void report_pictures()
{
    QRcode* code = QRcode_encodeString("word", 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    require(code != nullptr && code->width == 21, "a word has a picture of 21 dots");
    QRcode_free(code);
    report("qrencode", QRcode_APIVersionString());
}
