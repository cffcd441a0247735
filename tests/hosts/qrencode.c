#include <qrencode.h>
#include <stdio.h>

int main(void)
{
    QRcode* code = QRcode_encodeString("hello", 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (!code) return 1;
    int n_dark = 0;
    for (int at = 0; at < code->width * code->width; ++at) n_dark += code->data[at] & 1;
    printf("qrencode %s: %d wide, %s\n", QRcode_APIVersionString(), code->width, n_dark > 100 ? "drawn" : "empty");
    QRcode_free(code);
    return 0;
}
