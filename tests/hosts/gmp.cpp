#include <gmp.h>
#include <gmpxx.h>

#include <iostream>

int main()
{
    mpz_class factorial = 1;
    for (int factor = 2; factor <= 30; ++factor) factorial *= factor;
    mpz_t power;
    mpz_init(power);
    mpz_ui_pow_ui(power, 3, 70);
    std::cout << "gmp " << gmp_version << ": " << factorial << " " << mpz_class(power) << std::endl;
    mpz_clear(power);
    return 0;
}
