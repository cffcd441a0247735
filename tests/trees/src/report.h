// What each part of the program has to say: a line for each library that it called.

#ifndef TREES_REPORT_H
#define TREES_REPORT_H

#include <cstdlib>
#include <iostream>
#include <string>

// Ends the program where a library does not do what it should.
inline void require(bool holds, const std::string& claim)
{
    if (holds) return;
    std::cerr << "this does not hold: " << claim << std::endl;
    std::exit(1);
}

// Says that a library of this version was called; "-" where it does not tell.
inline void report(const std::string& name, const std::string& version)
{
    std::cout << name << " " << version << std::endl;
}

void report_arithmetic();
void report_database();
void report_events();
void report_headers();
void report_messages();
void report_ports();
void report_queues();
void report_pictures();
#ifdef WITH_MULTIPROCESS
void report_processes();
#endif

#endif
