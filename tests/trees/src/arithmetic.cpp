#include "report.h"

#include <gmp.h>
#include <gmpxx.h>

void report_arithmetic()
{
    mpz_t power;
    mpz_init(power);
    mpz_ui_pow_ui(power, 2, 200);
    const mpz_class two_to_the_199("803469022129495137770981046170581301261101496891396417650688");
    require(mpz_class(power) == two_to_the_199 * 2, "2^200 = 2 * 2^199");
    mpz_clear(power);
    report("gmp", gmp_version);
}
