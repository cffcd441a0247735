#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index/identity.hpp>
#include <boost/multi_index_container.hpp>
#include <boost/signals2/signal.hpp>
#include <boost/version.hpp>

#include <iostream>

namespace mi = boost::multi_index;

int main()
{
    mi::multi_index_container<int, mi::indexed_by<mi::ordered_unique<mi::identity<int>>>> numbers{3, 1, 2};
    boost::signals2::signal<void(int)> signal;
    int sum = 0;
    signal.connect([&](int number) { sum = sum * 10 + number; });
    for (int number : numbers) signal(number);
    std::cout << "boost " << BOOST_LIB_VERSION << ": " << sum << std::endl;
    return 0;
}
