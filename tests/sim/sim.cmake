# The simulation: a library that scenarios use too, the binary that replays a seed, and 200 seeds as a test.
add_library(sim_house STATIC sim/chance.cc sim/house.cc sim/picture.cc sim/simulate.cc)
target_include_directories(sim_house PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(sim_house PUBLIC reeve_apply reeve_sandbox)
reeve_flags(sim_house)

find_package(CLI11 REQUIRED)
add_executable(reeve-sim sim/sim_main.cc)
target_link_libraries(reeve-sim PRIVATE sim_house CLI11::CLI11)
reeve_flags(reeve-sim)
set_target_properties(reeve-sim PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
add_test(NAME sim.seeds COMMAND reeve-sim --seed 1 --count 200 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(sim.seeds PROPERTIES LABELS sim TIMEOUT 900)

reeve_test(cases scenarios LINKS apply sandbox)
target_link_libraries(cases_scenarios_test PRIVATE sim_house)
reeve_test(cases runs LINKS apply sandbox)
target_link_libraries(cases_runs_test PRIVATE sim_house)
