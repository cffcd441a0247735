#ifndef TREES_ADDER_H
#define TREES_ADDER_H

// What crosses the boundary of processes.
class Adder
{
public:
    virtual ~Adder() = default;
    virtual int add(int a, int b) = 0;
};

#endif
