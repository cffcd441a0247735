#include "report.h"

#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index/identity.hpp>
#include <boost/multi_index_container.hpp>
#include <boost/signals2/signal.hpp>
#include <boost/version.hpp>

void report_headers()
{
    namespace index = boost::multi_index;
    index::multi_index_container<int, index::indexed_by<index::ordered_unique<index::identity<int>>>> numbers;
    numbers.insert(2);
    numbers.insert(1);
    require(*numbers.begin() == 1, "an ordered index orders");
    int heard = 0;
    boost::signals2::signal<void(int)> signal;
    signal.connect([&](int value) { heard = value; });
    signal(3);
    require(heard == 3, "a signal is heard");
    report("boost", std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000) + "." +
                        std::to_string(BOOST_VERSION % 100));
}
